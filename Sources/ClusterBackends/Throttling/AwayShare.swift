internal import ApusCore
internal import Backends
internal import Synchronization

/// What this process may use of each limit while Redis is away: the limit divided by the workers that were alive when it was last seen.
///
/// A share starts spent when the first question after the loss comes, so that what Redis granted just before is never granted twice.
final class AwayShare: Sendable {
    private struct State {
        /// nil until this process was a member.
        var members: Int?
        var awaySince: Int64?
        var limits: [String: GCRA] = [:]
    }

    private let now: @Sendable () -> Int64
    private let maximumKeys: Int
    private let state = Mutex(State())

    init(now: @escaping @Sendable () -> Int64, maximumKeys: Int) {
        self.now = now
        self.maximumKeys = maximumKeys
    }

    /// Since when, in microseconds of the local clock, Redis is away; nil when it was there at the last look.
    var awaySince: Int64? { self.state.withLock { $0.awaySince } }

    /// Notes how many workers are alive, this one among them; nil when it is none any more.
    func setMembers(_ members: Int?) {
        self.state.withLock { $0.members = members }
    }

    /// Redis has answered.
    func isBack() {
        self.state.withLock { state in
            guard state.awaySince != nil else { return }
            state.awaySince = nil
            state.limits = [:]
        }
    }

    /// Takes tokens of this process's share.
    ///
    /// - Returns: nil when it has none, because it was no live worker when Redis was last seen.
    func take(_ key: String, limit: RateLimit, cost: Int) throws -> RateDecision? {
        let now = self.now()
        return self.state.withLock { state in
            let awaySince = state.awaySince ?? now
            state.awaySince = awaySince
            guard let members = state.members, members > 0 else { return nil }
            let share = RateLimit(perSecond: limit.perSecond / Double(members), burst: max(limit.burst / members, cost))
            guard state.limits[key] != nil || state.limits.count < self.maximumKeys else { return .denied(retryAfter: .seconds(1)) }
            var cells = state.limits[key] ?? GCRA(spentAt: awaySince, limit: share)
            defer { state.limits[key] = cells }
            switch cells.take(cost: cost, nowMicroseconds: now, limit: share) {
            case .granted: return .granted
            case .denied(let wait): return .denied(retryAfter: .microseconds(wait))
            case .impossible: return .impossible
            }
        }
    }
}
