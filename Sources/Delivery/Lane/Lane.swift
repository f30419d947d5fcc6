package import NIOCore

/// The way to one site: waiting messages, connections, and what was learned of the far side. Owned by one event loop; everything here
/// hops there once.
package final class Lane: Sendable {
    package let key: LaneKey
    /// This life of it, in its worker.
    let id: UInt64
    package let eventLoop: any EventLoop
    private let core: NIOLoopBoundBox<LaneCore>

    /// - Parameters:
    ///   - key: the site and how it is spoken to.
    ///   - id: this life of it.
    ///   - eventLoop: owns the lane and all of its connections.
    ///   - limits: the lane's bounds.
    ///   - supply: how many connections it may have.
    ///   - dialer: opens connections.
    ///   - clock: the wall clock, for deadlines.
    init(key: LaneKey, id: UInt64, eventLoop: any EventLoop, limits: LaneLimits, supply: LaneSupply, dialer: Dialer, clock: any DeliveryClock) {
        self.key = key
        self.id = id
        self.eventLoop = eventLoop
        self.core = .makeBoxSendingValue(LaneCore(limits: limits, supply: supply, clock: clock), eventLoop: eventLoop)
        let core = self.core
        let request = { @Sendable [key, eventLoop] (connection: UInt64, hosts: MailHosts, clearHosts: Set<String>) in
            let dial = DialRequest(hosts: hosts, source: key.source, tls: key.tls, clearHosts: clearHosts, eventLoop: eventLoop) { outcome in
                eventLoop.execute { core.value.dialed(connection, outcome) }
            }
            dialer.request(dial)
        }
        eventLoop.execute { core.value.bind(dial: request, eventLoop: eventLoop) }
    }

    /// Puts a message into the lane and waits until it leaves it.
    ///
    /// - Returns: nil when the lane has been retired: take another one from the registry.
    package func enqueue(_ message: LaneMessage) async -> LaneOutcome? {
        let core = self.core
        return await withCheckedContinuation { continuation in
            self.eventLoop.execute { core.value.enqueue(message, continuation) }
        }
    }

    /// Once a second, on the event loop: holds what waits too long, closes what is idle.
    ///
    /// - Returns: whether the lane holds nothing and was retired.
    func tick() -> Bool {
        self.core.value.tick()
    }

    /// Gives back what waits, and takes nothing more. Transactions go on.
    package func stop() {
        let core = self.core
        self.eventLoop.execute { core.value.stop() }
    }

    /// Closes every connection at once.
    package func close() {
        let core = self.core
        self.eventLoop.execute { core.value.close() }
    }

    /// There is room for a connection that the lane waits for.
    func supplied() {
        let core = self.core
        self.eventLoop.execute { core.value.supplied() }
    }

    /// Closes what is open and not used.
    func shed() {
        let core = self.core
        self.eventLoop.execute { core.value.shed() }
    }

    /// Takes nothing more and closes what is open; nothing is in it.
    func retire() {
        let core = self.core
        self.eventLoop.execute { core.value.retire() }
    }

    /// What the lane holds now; on the event loop.
    func snapshot() -> LaneSnapshot {
        let from = self.key.source.map { " from \($0)" } ?? ""
        return self.core.value.snapshot(site: self.key.site.name + from)
    }
}
