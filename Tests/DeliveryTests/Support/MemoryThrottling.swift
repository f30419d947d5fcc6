import ApusCore
import Backends
import Synchronization

/// Delivery markers, heartbeats and rates in memory.
final class MemoryThrottling: DeliveryMarking, WorkerRegistry, RateLimiting {
    enum Phase: Equatable {
        case claimed, data
        case finished([UInt8])
        case released
    }

    struct Marker: Equatable {
        var attempt: Int
        var hop: Int
        var owner: WorkerID
        var phase: Phase
        /// Owners that died with it in their hands.
        var deaths = 0
    }

    struct Key: Hashable {
        var message: String
        var recipient: String
    }

    struct State {
        /// The most messages that were under way at once, by the deaths of their owners.
        var mostUnderWay: [Int: Int] = [:]
        var markers: [Key: Marker] = [:]
        var alive: [WorkerID: [UInt8]] = [:]
        /// The next so many calls fail.
        var failures = 0
        var markDataFailures = 0
        /// Whether ``finish(_:outcomes:completion:)`` keeps its answers back until ``answerFinishes()``.
        var keepsFinishes = false
        var keptFinishes: [@Sendable () -> Void] = []
        /// Every call, in order.
        var calls: [String] = []
        var decision = RateDecision.granted
    }

    let state = Mutex(State())
    /// Called after every change of a marker.
    let observer = Mutex<(@Sendable () -> Void)?>(nil)

    func claim(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<[ClaimAnswer], any Error>) -> Void) {
        completion(
            self.state.withLock { state in
                Result {
                    try Self.fail(&state)
                    state.calls.append("claim")
                    let answers = claim.recipients.map { Self.answer(claim, $0, &state) }
                    let open = state.markers.values.filter { $0.deaths > 0 && ($0.phase == .claimed || $0.phase == .data) }
                    for (deaths, open) in Dictionary(grouping: open, by: \.deaths) {
                        state.mostUnderWay[deaths] = max(state.mostUnderWay[deaths] ?? 0, open.count)
                    }
                    return answers
                }
            })
    }

    private static func answer(_ claim: DeliveryClaim, _ recipient: String, _ state: inout State) -> ClaimAnswer {
        let key = Key(message: claim.messageID.rawValue, recipient: recipient)
        var answer = ClaimAnswer.claimed
        var deaths = 0
        if let marker = state.markers[key] {
            if marker.attempt > claim.attempt { return .superseded }
            if marker.attempt == claim.attempt {
                switch marker.phase {
                case .finished(let outcome): return .finished(outcome: outcome)
                case .claimed, .data:
                    if marker.owner != claim.owner, state.alive[marker.owner] != nil { return .heldByLivingOwner }
                    if marker.hop > claim.hop { return .superseded }
                    deaths = marker.deaths + (marker.owner == claim.owner ? 0 : 1)
                    guard deaths < DeliveryClaim.maximumDeaths else {
                        state.markers[key] = Marker(attempt: claim.attempt, hop: claim.hop, owner: claim.owner, phase: .released)
                        return .ownersDied
                    }
                    if marker.phase == .data { answer = .claimedInDoubt }
                case .released:
                    if marker.hop > claim.hop { return .superseded }
                    deaths = marker.deaths
                }
                if deaths > claim.admittedDeaths {
                    state.markers[key] = Marker(attempt: claim.attempt, hop: claim.hop, owner: claim.owner, phase: .released, deaths: deaths)
                    return .suspect(deaths: deaths)
                }
            }
        }
        state.markers[key] = Marker(attempt: claim.attempt, hop: claim.hop, owner: claim.owner, phase: .claimed, deaths: deaths)
        return answer
    }

    func markData(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        completion(
            self.state.withLock { state in
                Result {
                    if state.markDataFailures > 0 {
                        state.markDataFailures -= 1
                        throw ThrottlingError(.unavailable, "fails on demand")
                    }
                    try Self.set(claim, &state, "data") { _ in .data }
                }
            })
        self.observer.withLock { $0 }?()
    }

    func finish(_ claim: DeliveryClaim, outcomes: [[UInt8]], completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        let isKept = self.state.withLock { state in
            guard state.keepsFinishes else { return false }
            state.keptFinishes.append { self.finish(claim, outcomes: outcomes, completion: completion) }
            return true
        }
        if !isKept {
            completion(self.state.withLock { state in Result { try Self.set(claim, &state, "finish") { .finished(outcomes[$0]) } } })
        }
        self.observer.withLock { $0 }?()
    }

    /// Answers what was kept back, and from now on at once.
    func answerFinishes() {
        let kept = self.state.withLock { state in
            state.keepsFinishes = false
            defer { state.keptFinishes = [] }
            return state.keptFinishes
        }
        for finish in kept { finish() }
    }

    func release(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        completion(self.state.withLock { state in Result { try Self.set(claim, &state, "release") { _ in .released } } })
    }

    private static func set(_ claim: DeliveryClaim, _ state: inout State, _ name: String, _ phase: (Int) -> Phase) throws {
        try Self.fail(&state)
        state.calls.append(name)
        for (index, recipient) in claim.recipients.enumerated() {
            let key = Key(message: claim.messageID.rawValue, recipient: recipient)
            let phase = phase(index)
            let deaths = if case .finished = phase { 0 } else { state.markers[key]?.deaths ?? 0 }
            state.markers[key] = Marker(attempt: claim.attempt, hop: claim.hop, owner: claim.owner, phase: phase, deaths: deaths)
        }
    }

    private static func fail(_ state: inout State) throws {
        guard state.failures > 0 else { return }
        state.failures -= 1
        throw ThrottlingError(.unavailable, "fails on demand")
    }

    func heartbeat(_ worker: WorkerID, summary: [UInt8]) async throws {
        self.state.withLock { $0.alive[worker] = summary }
    }

    func leave(_ worker: WorkerID) async throws {
        _ = self.state.withLock { $0.alive.removeValue(forKey: worker) }
    }

    func summaries() async throws -> [WorkerID: [UInt8]] { self.state.withLock { $0.alive } }

    func take(_ key: String, limit: RateLimit, cost: Int) async throws -> RateDecision { self.state.withLock { $0.decision } }
    func lease(_ key: String, limit: RateLimit, maximum: Int) async throws -> RateLease { .granted(tokens: maximum, validFor: .seconds(1)) }
    func refund(_ key: String, limit: RateLimit, count: Int) async throws {}
}
