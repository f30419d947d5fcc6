/// The kinds of bounce that SES tells apart: `bounceType` and `bounceSubType` of a Bounce event, those that an SMTP delivery can end in.
package enum BounceKind: String, Hashable, Sendable, CaseIterable {
    /// The reply says nothing that could be understood.
    case undetermined
    /// A hard bounce that is none of the others.
    case permanent
    /// The address does not exist.
    case noEmail
    /// A soft bounce that Apus has given up on.
    case transient
    case mailboxFull
    case messageTooLarge
    /// The deadline that the sender set (MaxDeliverySeconds) passed.
    case customTimeoutExceeded
    case contentRejected
    case attachmentRejected

    /// SES's `bounceType`.
    package var type: String {
        switch self {
        case .undetermined: "Undetermined"
        case .permanent, .noEmail: "Permanent"
        case .transient, .mailboxFull, .messageTooLarge, .customTimeoutExceeded, .contentRejected, .attachmentRejected: "Transient"
        }
    }

    /// SES's `bounceSubType`.
    package var subType: String {
        switch self {
        case .undetermined: "Undetermined"
        case .permanent, .transient: "General"
        case .noEmail: "NoEmail"
        case .mailboxFull: "MailboxFull"
        case .messageTooLarge: "MessageTooLarge"
        case .customTimeoutExceeded: "CustomTimeoutExceeded"
        case .contentRejected: "ContentRejected"
        case .attachmentRejected: "AttachmentRejected"
        }
    }
}
