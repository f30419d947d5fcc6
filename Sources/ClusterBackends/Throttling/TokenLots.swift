internal import ApusCore
internal import Backends
internal import Synchronization

/// Tokens that this process has leased and not used, by limit.
///
/// One question of a limit is under way at a time; whoever asks meanwhile waits for its answer. A lot lives from the moment at which it was
/// asked for, which is before the moment at which it was granted: so it is never used too late.
final class TokenLots: Sendable {
    private enum Answer {
        case decided(RateDecision)
        /// Ask again: the answer did not suffice, or was none.
        case again
        case failed(any Error)
    }

    private struct Waiter {
        var cost: Int
        var continuation: CheckedContinuation<Answer, Never>
    }

    private struct Entry {
        var limit: RateLimit
        var tokens = 0
        var expiresAt: Int64 = .min
        var deniedUntil: Int64 = .min
        var isAsking = false
        var waiters: [Waiter] = []
    }

    private enum Step {
        case answer(RateDecision)
        case ask(maximum: Int)
        case wait
        case crowded
    }

    /// The most tokens of a lot.
    private static let largestLot = 50
    /// The most questions that wait for one answer.
    private static let maximumWaiters = 20_000

    private let now: @Sendable () -> Int64
    private let maximumKeys: Int
    private let entries = Mutex([String: Entry]())

    init(now: @escaping @Sendable () -> Int64, maximumKeys: Int) {
        self.now = now
        self.maximumKeys = maximumKeys
    }

    /// How many tokens are leased at once: a part of what the cluster uses in a lease's life, so that what is lost when nobody asks is small.
    static func size(_ limit: RateLimit, _ interval: CellInterval) -> Int {
        Int(min(limit.perSecond * Double(interval.lease) / 4_000_000, Double(Self.largestLot)))
    }

    /// Takes tokens from the lot here, or leases a new one.
    ///
    /// - Parameters:
    ///   - lot: how many to lease beyond what is asked for.
    ///   - lease: asks for up to so many.
    func take(
        _ key: String, limit: RateLimit, cost: Int, lot: Int, lease: (Int) async throws -> RateLease
    ) async throws -> RateDecision {
        while true {
            switch self.step(key, limit: limit, cost: cost, lot: lot) {
            case .answer(let decision): return decision
            case .crowded: return .denied(retryAfter: .milliseconds(100))
            case .ask(let maximum):
                let askedAt = self.now()
                do {
                    let answer = try await lease(maximum)
                    if let decision = self.settle(key, answer, asked: maximum, cost: cost, askedAt: askedAt) { return decision }
                } catch {
                    self.giveUp(key, error)
                    throw error
                }
            case .wait:
                let answer = await withCheckedContinuation { continuation in
                    let isLate = self.entries.withLock { entries in
                        guard entries[key]?.isAsking == true else { return true }
                        entries[key]?.waiters.append(Waiter(cost: cost, continuation: continuation))
                        return false
                    }
                    if isLate { continuation.resume(returning: Answer.again) }
                }
                switch answer {
                case .decided(let decision): return decision
                case .failed(let error): throw error
                case .again: continue
                }
            }
        }
    }

    private func step(_ key: String, limit: RateLimit, cost: Int, lot: Int) -> Step {
        let now = self.now()
        return self.entries.withLock { entries in
            if entries[key] == nil, entries.count >= self.maximumKeys {
                entries = entries.filter { $0.value.isAsking || now < max($0.value.expiresAt, $0.value.deniedUntil) }
                guard entries.count < self.maximumKeys else { return .crowded }
            }
            var entry = entries[key] ?? Entry(limit: limit)
            defer { entries[key] = entry }
            if entry.limit != limit {
                entry.limit = limit
                entry.tokens = 0
                entry.deniedUntil = .min
            }
            if entry.expiresAt <= now { entry.tokens = 0 }
            if entry.tokens >= cost {
                entry.tokens -= cost
                return .answer(.granted)
            }
            if now < entry.deniedUntil { return .answer(.denied(retryAfter: .microseconds(entry.deniedUntil - now))) }
            if entry.isAsking { return entry.waiters.count < Self.maximumWaiters ? .wait : .crowded }
            entry.isAsking = true
            return .ask(maximum: max(cost - entry.tokens, lot))
        }
    }

    /// Takes the answer in, serves who waits, and decides for who asked: nil when it does not suffice.
    private func settle(_ key: String, _ answer: RateLease, asked: Int, cost: Int, askedAt: Int64) -> RateDecision? {
        let now = self.now()
        let (decision, resumptions) = self.entries.withLock { entries -> (RateDecision?, [(Waiter, Answer)]) in
            guard var entry = entries[key] else { return (nil, []) }
            defer { entries[key] = entry }
            entry.isAsking = false
            let waiters = entry.waiters
            entry.waiters = []
            switch answer {
            case .denied(let wait):
                entry.deniedUntil = now + wait.microseconds
                return (.denied(retryAfter: wait), waiters.map { ($0, .decided(.denied(retryAfter: wait))) })
            case .granted(let tokens, let validFor):
                let expiresAt = askedAt + validFor.microseconds
                // What is left of the lot before ends with it.
                entry.expiresAt = entry.tokens > 0 && entry.expiresAt > now ? min(entry.expiresAt, expiresAt) : expiresAt
                entry.tokens = (entry.expiresAt > now ? entry.tokens : 0) + (expiresAt > now ? tokens : 0)
                // All there was: to ask again for each token that comes would be a call for each. By then there is a lot, and the burst keeps it.
                if tokens < asked { entry.deniedUntil = now + Int64(Double(asked) / entry.limit.perSecond * 1_000_000) }
                var decision: RateDecision?
                if entry.tokens >= cost {
                    entry.tokens -= cost
                    decision = .granted
                }
                return (
                    decision,
                    waiters.map { waiter in
                        guard entry.tokens >= waiter.cost else { return (waiter, .again) }
                        entry.tokens -= waiter.cost
                        return (waiter, .decided(.granted))
                    }
                )
            }
        }
        for (waiter, answer) in resumptions { waiter.continuation.resume(returning: answer) }
        return decision
    }

    /// The question failed. A cancelled one says nothing about the others'.
    private func giveUp(_ key: String, _ error: any Error) {
        let waiters = self.entries.withLock { entries -> [Waiter] in
            let waiters = entries[key]?.waiters ?? []
            entries[key]?.waiters = []
            entries[key]?.isAsking = false
            return waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: error is CancellationError ? .again : .failed(error)) }
    }
}
