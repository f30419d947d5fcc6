package import ApusCore

/// Why one recipient was not delivered in one attempt, in every form that something downstream needs: the class decides what
/// happens next, the SES words go into events, the status and the diagnostic text into events and to operators.
package struct DeliveryFailure: Hashable, Sendable {
    /// Decides: bounce, or try again.
    package var failure: FailureClass
    /// What a Bounce event says, now or when the deadline passes.
    package var bounce: BounceKind
    /// What a DeliveryDelay event says.
    package var delay: DelayType
    /// The enhanced status code (RFC 3463), such as `5.1.1`; the far side's own where it gave one.
    package var status: String
    /// The far side's reply on one line, or, where there is none, a reply of the same form that says what happened. Never longer than
    /// ``ReplyText/maximumOctets``.
    package var diagnostic: String
    /// Tells about sessions, not messages, so that the next mail exchanger may do better.
    package var isAboutConnection: Bool

    package init(
        failure: FailureClass, bounce: BounceKind, delay: DelayType, status: String, diagnostic: String, isAboutConnection: Bool = false
    ) {
        self.failure = failure
        self.bounce = bounce
        self.delay = delay
        self.status = status
        self.diagnostic = diagnostic
        self.isAboutConnection = isAboutConnection
    }
}
