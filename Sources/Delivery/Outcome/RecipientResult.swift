package import SMTPProtocol

/// What became of one recipient in one attempt.
package enum RecipientResult: Hashable, Sendable {
    /// The far side took responsibility, with this reply.
    case delivered(SMTPReply)
    case failed(DeliveryFailure)
}
