package import ApusCore

/// The 24-hour quota: a sliding sum of recipients per account that is never above the quota in any window.
package protocol QuotaCounting: Sendable {
    /// Counts `recipients` if the account's sum stays within `quota`. A crash after it was granted does not forget it.
    ///
    /// - Parameters:
    ///   - account: the account.
    ///   - recipients: how many.
    ///   - quota: the account's quota; nil for unlimited (it is counted all the same).
    func reserve(account: AccountID, recipients: Int, quota: Int?) async throws -> QuotaDecision

    /// Takes a reservation back after a definite failure to enqueue.
    func refund(_ reservation: QuotaReservation) async throws

    /// What the account's window holds now.
    func used(account: AccountID) async throws -> Int
}

/// The answer of ``QuotaCounting/reserve(account:recipients:quota:)``.
package enum QuotaDecision: Hashable, Sendable {
    case granted(QuotaReservation)
    /// Nothing was counted; the window holds `used`.
    case exceeded(used: Int)
}

/// What was counted, so that it can be taken back.
package struct QuotaReservation: Hashable, Sendable {
    package var account: AccountID
    package var recipients: Int
    package var at: UnixMilliseconds

    package init(account: AccountID, recipients: Int, at: UnixMilliseconds) {
        self.account = account
        self.recipients = recipients
        self.at = at
    }
}
