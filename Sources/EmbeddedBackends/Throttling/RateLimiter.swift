internal import ApusCore
internal import Backends
internal import Synchronization

/// Rate limits in memory, in whole microseconds of one clock.
///
/// A limit that is asked for the first time starts spent as of the limiter's own start, unless the limiter is known to be complete: what
/// a process that died had granted just before counts, so a crash never grants a second burst.
final class RateLimiter: Sendable {
    private struct Entry {
        var limit: GCRA
        /// Set once a lease was asked for: tokens of this limit may be used after they were taken, so its burst is smaller.
        var isLeased = false
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// The number of entries at which idle ones are looked for.
        var sweepAt = 1024
    }

    private static let maximumKeyBytes = 200
    /// The longest time that leased tokens may be kept.
    private static let maximumLease: Int64 = 200_000

    private let now: @Sendable () -> Int64
    private let startedAt: Int64
    private let startsSpent: Bool
    private let maximumKeys: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - now: microseconds of a clock that does not step.
    ///   - startsSpent: whether earlier grants may be unknown.
    ///   - maximumKeys: the most limits in use at once; above it, new ones are refused.
    init(now: @escaping @Sendable () -> Int64, startsSpent: Bool, maximumKeys: Int) {
        self.now = now
        self.startedAt = now()
        self.startsSpent = startsSpent
        self.maximumKeys = maximumKeys
    }

    /// The number of limits that are kept.
    var count: Int { self.state.withLock { $0.entries.count } }

    func take(_ key: String, limit: RateLimit, cost: Int) throws -> RateDecision {
        try Self.check(key, count: cost)
        let now = self.now()
        return self.withEntry(key, limit: limit, now: now) { entry -> RateDecision in
            var limit = limit
            if entry.isLeased {
                let (leased, validFor) = Self.leased(limit)
                if cost <= leased.burst {
                    limit = leased
                } else if cost <= limit.burst {
                    // More than what leases leave of the burst: when all that was leased is paid off, by the time it was used at the latest.
                    var paidOff = entry.limit
                    if case .denied(let wait) = paidOff.take(cost: limit.burst, nowMicroseconds: now - validFor, limit: limit) {
                        return .denied(retryAfter: .microseconds(wait))
                    }
                }
            }
            switch entry.limit.take(cost: cost, nowMicroseconds: now, limit: limit) {
            case .granted: return .granted
            case .denied(let wait): return .denied(retryAfter: .microseconds(wait))
            case .impossible: return .impossible
            }
        } ?? .denied(retryAfter: .seconds(1))
    }

    func lease(_ key: String, limit: RateLimit, maximum: Int) throws -> RateLease {
        try Self.check(key, count: maximum)
        let now = self.now()
        let (leased, validFor) = Self.leased(limit)
        return self.withEntry(key, limit: limit, now: now) { entry -> RateLease in
            entry.isLeased = true
            // The largest lot that is there: all that is asked for, or as many as the wait for that says are missing.
            var lot = min(maximum, leased.burst)
            while true {
                switch entry.limit.take(cost: lot, nowMicroseconds: now, limit: leased) {
                case .granted: return .granted(tokens: lot, validFor: .microseconds(validFor))
                case .impossible: return .denied(retryAfter: .seconds(1))
                case .denied(let wait):
                    guard lot > 1 else { return .denied(retryAfter: .microseconds(wait)) }
                    let missing = (Double(wait) * leased.perSecond / 1_000_000).rounded(.up)
                    lot = max(1, lot - Int(min(max(missing, 1), Double(lot))))
                }
            }
        } ?? .denied(retryAfter: .seconds(1))
    }

    func refund(_ key: String, limit: RateLimit, count: Int) throws {
        try Self.check(key, count: count)
        self.state.withLock { $0.entries[key]?.limit.refund(cost: count, limit: limit) }
    }

    /// The limit for a key whose tokens may be used some time after they were taken, and that time in microseconds.
    ///
    /// Tokens used in a window of t seconds were taken in one of t + T seconds, of which rate × (t + T) + burst' can be taken; that is
    /// rate × t + burst when burst' is the burst less rate × T. T is chosen so that at most half of the burst goes for it. A burst of 1
    /// leaves nothing: its tokens are for use at once.
    private static func leased(_ limit: RateLimit) -> (limit: RateLimit, validFor: Int64) {
        let spare = Double(limit.burst / 2)
        let validFor = min(Double(Self.maximumLease), spare / limit.perSecond * 1_000_000).rounded(.down)
        let reserved = Int((limit.perSecond * validFor / 1_000_000).rounded(.up))
        return (RateLimit(perSecond: limit.perSecond, burst: max(1, limit.burst - reserved)), Int64(validFor))
    }

    /// - Returns: nil when there is no room for another limit.
    private func withEntry<Answer>(_ key: String, limit: RateLimit, now: Int64, _ body: (inout Entry) -> Answer) -> Answer? {
        self.state.withLock { state in
            if state.entries[key] == nil {
                if state.entries.count >= state.sweepAt {
                    state.entries = state.entries.filter { !$0.value.limit.isIdle(nowMicroseconds: now) }
                    state.sweepAt = max(1024, min(state.entries.count * 2, self.maximumKeys))
                }
                guard state.entries.count < self.maximumKeys else { return nil }
                let fresh = self.startsSpent ? GCRA(spentAt: self.startedAt, limit: limit) : GCRA()
                return body(&state.entries[key, default: Entry(limit: fresh)])
            }
            return body(&state.entries[key, default: Entry(limit: GCRA())])
        }
    }

    private static func check(_ key: String, count: Int) throws {
        guard (1...Self.maximumKeyBytes).contains(key.utf8.count), count >= 1 else {
            throw ThrottlingError(.invalidArgument, "a limit's key has 1 to 200 bytes, and at least one token is asked for")
        }
    }
}
