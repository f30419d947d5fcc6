package import ApusCore

/// When the messages of accounts that are over their rate get their turn: one after the other, as far apart as the rate says.
///
/// Without turns every waiting message would come back after the same pause and be refused again with all the others; with them a message
/// is put away once, until its own time. Pure; what it says is a plan, the limiter decides.
package struct AccountTurns: Sendable {
    /// Accounts remembered before those whose last turn is over are forgotten.
    private static let kept = 10_000

    /// How long tokens are counted for a share, in microseconds.
    private static let window: Int64 = 5_000_000
    /// Whose share was smaller would find out too late that it has grown.
    private static let smallestShare = 1.0 / 64

    private struct Line: Sendable {
        /// The next free turn; microseconds since the epoch.
        var next: Int64
        /// How much of the account's rate comes to this process: less than 1 where others send for it too.
        var share = 1.0
        /// Since when tokens are counted; microseconds since the epoch.
        var since: Int64
        var tokens = 0
        var hasMissed = false
    }

    private var lines: [AccountID: Line] = [:]

    package init() {}

    /// Whether messages of the account wait for their turns: a new one goes behind them.
    package func isQueueing(_ account: AccountID, now: UnixMilliseconds) -> Bool {
        self.lines[account].map { $0.next > now.rawValue * 1000 } ?? false
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
        if self.lines.count >= Self.kept, self.lines[account] == nil { self.lines = self.lines.filter { $0.value.next > start } }
        var line = self.lines[account] ?? Line(next: start, since: start)
        let turn = max(line.next, start + Self.microseconds(earliest))
        line.next = turn + Int64((Double(cost) / (limit.perSecond * line.share) * 1_000_000).rounded(.up))
        self.lines[account] = line
        return .microseconds(turn - start)
    }

    /// A message that waited was granted its tokens.
    package mutating func granted(_ account: AccountID, cost: Int, limit: RateLimit, now: UnixMilliseconds) {
        self.count(account, limit: limit, now: now) { $0.tokens += cost }
    }

    /// A message's turn passed without tokens: others took them.
    package mutating func missed(_ account: AccountID, limit: RateLimit, now: UnixMilliseconds) {
        self.count(account, limit: limit, now: now) { $0.hasMissed = true }
    }

    /// Once a window: the share is what came of the rate, or all of it when no turn passed in vain.
    private mutating func count(_ account: AccountID, limit: RateLimit, now: UnixMilliseconds, _ note: (inout Line) -> Void) {
        guard var line = self.lines[account] else { return }
        note(&line)
        let elapsed = now.rawValue * 1000 - line.since
        if elapsed >= Self.window {
            let had = Double(line.tokens) / (limit.perSecond * Double(elapsed) / 1_000_000)
            line.share = line.hasMissed ? min(max(had, Self.smallestShare), 1) : 1
            line.since = now.rawValue * 1000
            line.tokens = 0
            line.hasMissed = false
        }
        self.lines[account] = line
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
