/// SES's `delayType` of a DeliveryDelay event; the raw value is the word in the event.
package enum DelayType: String, Hashable, Sendable, CaseIterable {
    /// This installation is at fault.
    case internalFailure = "InternalFailure"
    /// The far side answered, and said nothing more particular.
    case general = "General"
    case mailboxFull = "MailboxFull"
    /// The far side sees too much unwanted mail from this sender.
    case spamDetected = "SpamDetected"
    /// The far side is in trouble.
    case recipientServerError = "RecipientServerError"
    /// The far side blocks or throttles the address that mail comes from.
    case ipFailure = "IPFailure"
    /// No conversation came about, or it broke.
    case transientCommunicationFailure = "TransientCommunicationFailure"
    /// The reply says nothing that could be understood.
    case undetermined = "Undetermined"
    /// Apus itself put the message off.
    case sendingDeferral = "SendingDeferral"
}
