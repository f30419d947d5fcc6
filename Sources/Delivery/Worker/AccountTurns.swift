package import ApusCore

/// When the messages of accounts that are over their rate get their turn: one after the other, as far apart as the rate says.
///
/// Without turns every waiting message would come back after the same pause and be refused again with all the others; with them a message
/// is put away once, until its own time. Pure; what it says is a plan, the limiter decides.
package struct AccountTurns: Sendable {
    /// Accounts remembered before those whose last turn is over are forgotten.
    private static let kept = 10_000

    /// The next free turn; microseconds since the epoch.
    private var next: [AccountID: Int64] = [:]

    package init() {}

    /// Whether messages of the account wait for their turns: a new one goes behind them.
    package func isQueueing(_ account: AccountID, now: UnixMilliseconds) -> Bool {
        self.next[account].map { $0 > now.rawValue * 1000 } ?? false
    }

    /// Takes the next free turn.
    ///
    /// - Parameters:
    ///   - cost: tokens that the message takes.
    ///   - earliest: when the limiter has tokens again.
    /// - Returns: how long it is until then.
    package mutating func take(
        _ account: AccountID, cost: Int, limit: RateLimit, now: UnixMilliseconds, earliest: Duration
    ) -> Duration {
        let start = now.rawValue * 1000
        let turn = max(self.next[account] ?? start, start + Self.microseconds(earliest))
        if self.next.count >= Self.kept, self.next[account] == nil { self.next = self.next.filter { $0.value > start } }
        self.next[account] = turn + Int64((Double(cost) / limit.perSecond * 1_000_000).rounded(.up))
        return .microseconds(turn - start)
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
