package import ApusCore
package import ApusSchema
package import SMTPProtocol

/// A message in a lane.
package struct LaneMessage: Sendable {
    /// What to send.
    package var transaction: SMTPTransaction
    /// Where it may go: the lane's site, in the order of preference of its destination.
    package var hosts: MailHosts
    /// Transactional messages go first.
    package var deliveryClass: Topics.DeliveryClass
    /// Whose turn it takes.
    package var account: AccountID
    /// Whose turn it takes among those of its account; may be empty.
    package var campaign: String
    /// The recipients' domain, for operators.
    package var destination: String
    /// When it was accepted, for operators.
    package var acceptedAt: UnixMilliseconds
    /// No transaction begins after this.
    package var expiresAt: UnixMilliseconds
    /// 1 for the first attempt.
    package var attempt: Int
    /// Notes that the final dot is about to leave. Called once, when the transaction begins, so that it costs no time; the dot waits for its
    /// completion, and does not leave after a failure.
    package var mark: @Sendable (_ completion: @escaping @Sendable (Result<Void, any Error>) -> Void) -> Void

    package init(
        transaction: SMTPTransaction, hosts: MailHosts, class deliveryClass: Topics.DeliveryClass, account: AccountID, campaign: String,
        destination: String, acceptedAt: UnixMilliseconds, expiresAt: UnixMilliseconds,
        attempt: Int, mark: @escaping @Sendable (_ completion: @escaping @Sendable (Result<Void, any Error>) -> Void) -> Void
    ) {
        self.transaction = transaction
        self.hosts = hosts
        self.deliveryClass = deliveryClass
        self.account = account
        self.campaign = campaign
        self.destination = destination
        self.acceptedAt = acceptedAt
        self.expiresAt = expiresAt
        self.attempt = attempt
        self.mark = mark
    }
}
