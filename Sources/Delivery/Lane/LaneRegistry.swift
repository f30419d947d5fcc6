internal import CoreMetrics
internal import Metrics
package import NIOCore
internal import Synchronization

/// All lanes of a worker, and the bounds that they share.
package final class LaneRegistry: Sendable {
    private struct State {
        var table: LaneTable<LaneKey, Lane>
        var isStopping = false
    }

    private let group: any EventLoopGroup
    private let limits: LaneLimits
    private let dialer: Dialer
    private let clock: any DeliveryClock
    private let noteSource: @Sendable (SourceAddress, _ isUsable: Bool) -> Void
    private let state: Mutex<State>
    /// Whether a lane waits for a connection, so that lanes need not ask after every message.
    private let isShort = Atomic(false)

    private let lanesGauge = Gauge(label: "apus_worker_lanes")
    private let connectionsGauge = Gauge(label: "apus_worker_connections")
    private let waitingGauge = Gauge(label: "apus_worker_lanes_waiting_for_connection")
    private let reclaimed = Counter(label: "apus_worker_lanes_reclaimed_total")

    /// - Parameters:
    ///   - group: lanes are spread over its event loops.
    ///   - limits: of every lane.
    ///   - bounds: of all lanes together.
    ///   - dialer: opens connections.
    ///   - clock: the wall clock.
    ///   - noteSource: told whether a connection could be opened from an address.
    package init(
        group: any EventLoopGroup, limits: LaneLimits, bounds: LaneTable<LaneKey, Lane>.Limits, dialer: Dialer, clock: any DeliveryClock,
        noteSource: @escaping @Sendable (SourceAddress, _ isUsable: Bool) -> Void = { _, _ in }
    ) {
        self.group = group
        self.limits = limits
        self.dialer = dialer
        self.clock = clock
        self.noteSource = noteSource
        self.state = Mutex(State(table: LaneTable(limits: bounds)))
    }

    /// Sends a message down its lane and waits until it leaves it.
    package func enqueue(_ message: LaneMessage, key: LaneKey) async -> LaneOutcome {
        while true {
            let entrance = self.state.withLock { state in
                state.isStopping ? nil : state.table.enter(key) { self.makeLane(key, $0) }
            }
            switch entrance {
            case nil: return .stopped(inDoubt: false)
            case .full: return .noLane
            case .lane(let lane, let id, let reclaimed):
                if let reclaimed {
                    self.reclaimed.increment()
                    reclaimed.retire()
                }
                let outcome = await lane.enqueue(message)
                let spare = self.state.withLock { state -> Lane? in
                    guard outcome == nil else { return state.table.leave(id) }
                    // Retired between the look-up and now.
                    state.table.remove(id)
                    return nil
                }
                spare?.shed()
                if let outcome { return outcome }
            }
        }
    }

    /// Once a second.
    package func tick() async {
        let retired = await self.onLoops { lane in lane.tick() ? lane.id : nil }
        let (lanes, connections, waiting) = self.state.withLock { state in
            for id in retired { state.table.remove(id) }
            return (state.table.count, state.table.connections, state.table.lanesWaiting)
        }
        self.lanesGauge.record(lanes)
        self.connectionsGauge.record(connections)
        self.waitingGauge.record(waiting)
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

    private var all: [Lane] { self.state.withLock { $0.table.lanes } }

    private func makeLane(_ key: LaneKey, _ id: UInt64) -> Lane {
        Lane(
            key: key, id: id, eventLoop: self.group.next(), limits: self.limits,
            supply: LaneSupply(
                take: { [weak self] in self?.take(id) ?? false },
                release: { [weak self] in self?.release(id) },
                withdraw: { [weak self] count in self?.withdraw(id, count) },
                noteSource: { [noteSource = self.noteSource] isUsable in
                    if let source = key.source { noteSource(source, isUsable) }
                },
                yields: { [weak self] isSpare, hasServed in self?.yields(id, isSpare: isSpare, hasServed: hasServed) ?? false },
                isShort: { [weak self] in self?.isShort.load(ordering: .relaxed) ?? false }),
            dialer: self.dialer, clock: self.clock)
    }

    // MARK: - Connections

    private func take(_ id: UInt64) -> Bool {
        let answer = self.state.withLock { state in
            defer { self.noteShortage(state.table) }
            return state.table.takeConnection(id)
        }
        switch answer {
        case .granted: return true
        case .wait(let shed):
            shed?.shed()
            return false
        }
    }

    private func release(_ id: UInt64) {
        let next = self.state.withLock { state in
            defer { self.noteShortage(state.table) }
            return state.table.releaseConnection(id)
        }
        next?.supplied()
    }

    private func withdraw(_ id: UInt64, _ count: Int) {
        guard count > 0 else { return }
        self.state.withLock { state in
            state.table.withdraw(id, count)
            self.noteShortage(state.table)
        }
    }

    private func yields(_ id: UInt64, isSpare: Bool, hasServed: Bool) -> Bool {
        guard self.isShort.load(ordering: .relaxed) else { return false }
        return self.state.withLock { state in
            defer { self.noteShortage(state.table) }
            return state.table.yields(id, isSpare: isSpare, hasServed: hasServed)
        }
    }

    /// Under the lock.
    private func noteShortage(_ table: borrowing LaneTable<LaneKey, Lane>) {
        self.isShort.store(table.isShort, ordering: .relaxed)
    }
}
