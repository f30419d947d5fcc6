package import NIOCore
internal import Synchronization

/// All lanes of a worker.
package final class LaneRegistry: Sendable {
    private struct State {
        var lanes: [LaneKey: Lane] = [:]
        var isStopping = false
    }

    private let group: any EventLoopGroup
    private let limits: LaneLimits
    private let dialer: Dialer
    private let clock: any DeliveryClock
    private let state = Mutex(State())

    /// - Parameters:
    ///   - group: lanes are spread over its event loops.
    ///   - limits: of every lane.
    ///   - dialer: opens connections.
    ///   - clock: the wall clock.
    package init(group: any EventLoopGroup, limits: LaneLimits, dialer: Dialer, clock: any DeliveryClock) {
        self.group = group
        self.limits = limits
        self.dialer = dialer
        self.clock = clock
    }

    /// Sends a message down its lane and waits until it leaves it.
    package func enqueue(_ message: LaneMessage, key: LaneKey) async -> LaneOutcome {
        while true {
            guard let lane = self.lane(key) else { return .stopped(inDoubt: false) }
            if let outcome = await lane.enqueue(message) { return outcome }
            // Retired between the look-up and now.
            self.state.withLock { if $0.lanes[key] === lane { $0.lanes[key] = nil } }
        }
    }

    /// Once a second.
    package func tick() async {
        let retired = await self.onLoops { $0.tick() ? $0 : nil }
        self.state.withLock { state in
            for lane in retired where state.lanes[lane.key] === lane { state.lanes[lane.key] = nil }
        }
    }

    /// Gives back what waits and takes nothing more; transactions go on.
    package func stop() {
        self.state.withLock { $0.isStopping = true }
        for lane in self.all { lane.stop() }
    }

    /// Closes every connection.
    package func close() {
        self.stop()
        for lane in self.all { lane.close() }
    }

    /// Every lane that has something to tell.
    package func snapshots() async -> [LaneSnapshot] {
        await self.onLoops { lane in
            let snapshot = lane.snapshot()
            return snapshot.isWorthTelling ? snapshot : nil
        }
    }

    /// Asks every lane something: one hop for each event loop, however many lanes it has.
    private func onLoops<Answer: Sendable>(_ body: @escaping @Sendable (Lane) -> Answer?) async -> [Answer] {
        let byLoop = Dictionary(grouping: self.all) { ObjectIdentifier($0.eventLoop) }
        let futures = byLoop.values.compactMap { lanes in lanes.first?.eventLoop.submit { lanes.compactMap(body) } }
        var answers: [Answer] = []
        for future in futures { answers += (try? await future.get()) ?? [] }
        return answers
    }

    private var all: [Lane] { self.state.withLock { Array($0.lanes.values) } }

    private func lane(_ key: LaneKey) -> Lane? {
        self.state.withLock { state in
            if let lane = state.lanes[key] { return lane }
            guard !state.isStopping else { return nil }
            let lane = Lane(key: key, eventLoop: self.group.next(), limits: self.limits, dialer: self.dialer, clock: self.clock)
            state.lanes[key] = lane
            return lane
        }
    }
}
