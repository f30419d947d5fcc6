package import ApusCore
package import Backends
internal import Synchronization

/// Rates and quotas that a test sets by hand: a budget of tokens in all, no time in it.
package final class MemoryThrottling: RateLimiting, QuotaCounting {
    private struct State {
        var tokens: Int?
        var used: [AccountID: Int] = [:]
        var isAway = false
    }

    private let state = Mutex(State())

    package init() {}

    /// The tokens left for all keys together; nil for no end.
    package func setTokens(_ tokens: Int?) {
        self.state.withLock { $0.tokens = tokens }
    }

    /// Makes every call fail.
    package func setAway(_ isAway: Bool) {
        self.state.withLock { $0.isAway = isAway }
    }

    package func take(_ key: String, limit: RateLimit, cost: Int) async throws -> RateDecision {
        try self.state.withLock { state in
            if state.isAway { throw BusError(.unavailable, "away") }
            guard let tokens = state.tokens else { return .granted }
            guard cost <= tokens else { return .denied(retryAfter: .seconds(1)) }
            state.tokens = tokens - cost
            return .granted
        }
    }

    package func lease(_ key: String, limit: RateLimit, maximum: Int) async throws -> RateLease {
        .granted(tokens: maximum, validFor: .seconds(1))
    }

    package func refund(_ key: String, limit: RateLimit, count: Int) async throws {
        self.state.withLock { state in
            if let tokens = state.tokens { state.tokens = tokens + count }
        }
    }

    package func reserve(account: AccountID, recipients: Int, quota: Int?) async throws -> QuotaDecision {
        try self.state.withLock { state in
            if state.isAway { throw BusError(.unavailable, "away") }
            let used = state.used[account] ?? 0
            guard quota.map({ used + recipients <= $0 }) ?? true else { return .exceeded(used: used) }
            state.used[account] = used + recipients
            return .granted(QuotaReservation(account: account, recipients: recipients, at: UnixMilliseconds(0)))
        }
    }

    package func refund(_ reservation: QuotaReservation) async throws {
        self.state.withLock { $0.used[reservation.account, default: 0] -= reservation.recipients }
    }

    package func used(account: AccountID) async throws -> Int {
        self.state.withLock { $0.used[account] ?? 0 }
    }
}
