package import ApusSchema
internal import DequeModule
package import NIOCore

/// A lane as a pure state machine: which waiting message goes over which connection, when to open one more, and when to leave a site
/// alone. It knows messages and connections by number only, touches no channel and no clock, and one event loop owns it.
///
/// ```
/// enqueue(1)            → connect(1)
/// connected(1)          → start(message 1, connection 1)
/// enqueue(2)            → connect(2)
/// finished(1)           → start(message 2, connection 1)
/// connectFailed(2)      → (nothing: connection 1 works; no more connections for a while)
/// closed(1)             → …
/// ```
///
/// Transactional messages go before bulk ones, and some connections are theirs alone. In each class accounts take turns, and in each account
/// campaigns, by what their messages cost (``DeficitRound``).
///
/// How many connections it dares is learned: a few at first, twice as many after each that works, back to one after a site could not be
/// reached, and one more after as many successes as there are connections (the feedback of Postfix's queue manager).
package struct LaneMachine: Sendable {
    /// What the owner is to do.
    package enum Action: Hashable, Sendable {
        /// Open a connection; answer with ``connected(_:now:)`` or ``connectFailed(_:now:)``.
        case connect(connection: UInt64)
        /// Send a message; answer with ``finished(_:isReusable:now:)``, or ``returned(_:now:)`` when the connection proved stale.
        case start(message: UInt64, connection: UInt64)
        /// Say QUIT. The machine has forgotten the connection.
        case quit(connection: UInt64)
        /// Hold the message: no attempt was made, and there is no turn for it before `after`.
        case hold(message: UInt64, after: TimeAmount)
        /// Defer the message: the site cannot be reached, and is not asked again before `opensAt`.
        case fail(message: UInt64, opensAt: NIODeadline)
        /// Give the message back undone: the lane is closing.
        case stop(message: UInt64)
        /// Call ``woken(now:)`` then.
        case wake(at: NIODeadline)
    }

    private typealias Waiting = LaneQueue.Waiting

    private enum ConnectionState: Sendable {
        case connecting
        case idle(since: NIODeadline)
        case busy(Waiting)
    }

    private struct Connection: Sendable {
        var state: ConnectionState
        var messages = 0
    }

    private let limits: LaneLimits
    private var queue = LaneQueue()
    private var connections: [UInt64: Connection] = [:]
    private var idle: Deque<UInt64> = []
    private var connecting = 0
    /// Bulk messages in a transaction.
    private var activeBulk = 0
    private var nextConnection: UInt64 = 1
    /// How many connections it dares now.
    private var allowed: Int
    private var successes = 0
    private var failures = 0
    /// No connection is opened before.
    private var opensAt: NIODeadline?
    /// The last word was that no host answers; nothing is open.
    private var isUnreachable = false
    /// Since when connections are being opened and none has worked.
    private var connectingSince: NIODeadline?
    private var wakesAt: NIODeadline?
    private var isStopping = false
    private var rate = LaneRate()

    package init(limits: LaneLimits) {
        self.limits = limits
        self.allowed = max(1, min(limits.initialConnections, limits.connections))
    }

    // MARK: - State

    /// Messages that wait for a connection.
    package var waiting: Int { self.queue.count }
    package var waitingOctets: Int { self.queue.octets }
    /// Messages in a transaction.
    package var active: Int { self.connections.count - self.connecting - self.idle.count }
    /// Connections that are open or being opened.
    package var openConnections: Int { self.connections.count }
    /// Whether nothing waits and nothing is open.
    package var isEmpty: Bool { self.queue.isEmpty && self.connections.isEmpty }
    /// When the site is tried again; nil when it is open.
    package func backoffEnd(now: NIODeadline) -> NIODeadline? {
        guard let opensAt, opensAt > now else { return nil }
        return opensAt
    }
    /// Whether connections are being opened and none is open.
    package var isConnecting: Bool { self.connecting > 0 && self.connecting == self.connections.count }

    // MARK: - Inputs

    /// A message wants to go.
    ///
    /// - Parameters:
    ///   - message: its number, new.
    ///   - deliveryClass: transactional messages go before bulk ones, which leave some connections to them.
    ///   - owner: whose turn it takes: the account.
    ///   - campaign: whose turn it takes among the account's messages.
    ///   - cost: what the turn costs: its recipients.
    ///   - octets: its size.
    package mutating func enqueue(
        _ message: UInt64, class deliveryClass: Topics.DeliveryClass = .transactional, owner: String, campaign: String = "", cost: Int = 1,
        octets: Int, now: NIODeadline
    ) -> [Action] {
        if self.isStopping { return [.stop(message: message)] }
        if let opensAt, opensAt > now, self.isUnreachable {
            return [.fail(message: message, opensAt: opensAt)]
        }
        let ahead = self.queue.ahead(of: owner, deliveryClass)
        let wait = self.rate.expectedWait(for: ahead, now: now)
        let isLong = (wait ?? .zero) > self.limits.patience || self.isSlowToConnect(now: now)
        if self.isFull(for: owner, deliveryClass) || (self.queue.count >= self.limits.assuredWaiting && isLong) {
            let turn = self.rate.takeTurn(behind: ahead, patience: self.limits.patience, deliveryClass, now: now) ?? self.limits.patience
            return [.hold(message: message, after: TimeAmount(clamping: turn))]
        }
        self.queue.insert(
            Waiting(
                message: message, deliveryClass: deliveryClass, account: owner, campaign: campaign,
                cost: cost + octets / Self.octetsPerCost, octets: octets, since: now))
        return self.pump(now: now)
    }

    /// A connection is ready for mail.
    package mutating func connected(_ connection: UInt64, now: NIODeadline) -> [Action] {
        guard case .connecting? = self.connections[connection]?.state else { return [.quit(connection: connection)] }
        self.connecting -= 1
        self.connectingSince = nil
        self.failures = 0
        self.opensAt = nil
        self.isUnreachable = false
        self.allowed = min(self.limits.connections, max(self.allowed * 2, self.limits.initialConnections))
        return self.becomeIdle(connection, now: now) + self.pump(now: now)
    }

    /// No host of the site could be reached.
    ///
    /// - Parameter isOurFault: whether none was asked, for this side could not open a connection: no message's attempt is over then.
    package mutating func connectFailed(_ connection: UInt64, isOurFault: Bool = false, now: NIODeadline) -> [Action] {
        guard case .connecting? = self.connections[connection]?.state else { return [] }
        self.connecting -= 1
        if self.connecting == 0 { self.connectingSince = nil }
        self.connections[connection] = nil
        self.successes = 0
        guard self.connections.isEmpty else {
            // What is open works: the site does not want more of us. What is being opened still has its say.
            self.allowed = max(1, self.connections.count - self.connecting)
            self.opensAt = now + TimeAmount(clamping: self.limits.firstBackoff)
            return []
        }
        guard !isOurFault else {
            self.allowed = 1
            self.opensAt = now + TimeAmount(clamping: self.limits.firstBackoff)
            return self.pump(now: now)
        }
        self.failures += 1
        self.allowed = 1
        self.isUnreachable = true
        let opensAt = now + self.backoff()
        self.opensAt = opensAt
        var actions: [Action] = []
        while let waiting = self.queue.popFirst(takesBulk: true) { actions.append(.fail(message: waiting.message, opensAt: opensAt)) }
        return actions
    }

    /// A connection that was asked for will not be opened, and no host is to blame for that.
    package mutating func connectCancelled(_ connection: UInt64, now: NIODeadline) -> [Action] {
        guard case .connecting? = self.connections[connection]?.state else { return [] }
        self.connecting -= 1
        if self.connecting == 0 { self.connectingSince = nil }
        self.connections[connection] = nil
        return []
    }

    /// No connection can be opened from the address that the lane has: what waits is held, and takes another one then.
    package mutating func sourceFailed(_ connection: UInt64, now: NIODeadline) -> [Action] {
        guard case .connecting? = self.connections[connection]?.state else { return [] }
        self.connecting -= 1
        if self.connecting == 0 { self.connectingSince = nil }
        self.connections[connection] = nil
        // What is open works, and goes on.
        guard self.connections.isEmpty else { return [] }
        let after = TimeAmount(clamping: self.limits.firstBackoff)
        var actions: [Action] = []
        while let waiting = self.queue.popFirst(takesBulk: true) { actions.append(.hold(message: waiting.message, after: after)) }
        return actions
    }

    /// A transaction is over.
    ///
    /// - Parameters:
    ///   - isReusable: whether the connection can take another one.
    ///   - yields: whether another lane needs it more.
    package mutating func finished(_ connection: UInt64, isReusable: Bool, yields: Bool = false, now: NIODeadline) -> [Action] {
        guard case .busy(let done)? = self.connections[connection]?.state else { return [] }
        self.ended(done)
        self.rate.record(now: now)
        self.successes += 1
        if self.successes >= self.allowed, self.allowed < self.limits.connections {
            self.allowed += 1
            self.successes = 0
        }
        self.connections[connection]?.messages += 1
        guard isReusable else {
            self.connections[connection] = nil
            return self.pump(now: now)
        }
        if self.isStopping || yields || (self.connections[connection]?.messages ?? 0) >= self.limits.messagesPerConnection {
            self.connections[connection] = nil
            return [.quit(connection: connection)] + self.pump(now: now)
        }
        return self.becomeIdle(connection, now: now) + self.pump(now: now)
    }

    /// A reused connection was gone before the server saw anything of the message: the message is the next one on another connection.
    package mutating func returned(_ connection: UInt64, now: NIODeadline) -> [Action] {
        guard case .busy(var waiting)? = self.connections.removeValue(forKey: connection)?.state else { return [] }
        self.ended(waiting)
        if self.isStopping { return [.stop(message: waiting.message)] }
        waiting.wasStarted = true
        self.queue.insert(waiting, isNext: true)
        return self.pump(now: now)
    }

    /// The message that was started needs no transaction any more; the connection is as it was.
    package mutating func skipped(_ connection: UInt64, now: NIODeadline) -> [Action] {
        guard case .busy(let done)? = self.connections[connection]?.state else { return [] }
        self.ended(done)
        return self.becomeIdle(connection, now: now) + self.pump(now: now)
    }

    /// An idle connection was closed.
    package mutating func closed(_ connection: UInt64, now: NIODeadline) -> [Action] {
        guard case .idle? = self.connections[connection]?.state else { return [] }
        self.connections[connection] = nil
        self.idle.removeAll { $0 == connection }
        return self.pump(now: now)
    }

    /// The time that ``Action/wake(at:)`` named has come.
    package mutating func woken(now: NIODeadline) -> [Action] {
        self.wakesAt = nil
        return self.pump(now: now)
    }

    /// Looks after what waits too long, and connections without work. Called about once a second.
    package mutating func tick(now: NIODeadline) -> [Action] {
        var actions: [Action] = []
        let patience = TimeAmount(clamping: self.limits.patience)
        let slowly = TimeAmount(clamping: self.limits.connectPatience)
        let isSlow = self.isSlowToConnect(now: now)
        var kept = 0
        let late = self.queue.removeAll { waiting in
            guard !waiting.wasStarted else { return false }
            let waited = now - waiting.since
            if waited >= patience || (isSlow && waited >= slowly && kept >= self.limits.assuredWaiting) { return true }
            kept += 1
            return false
        }
        for waiting in late {
            let turn =
                self.rate.takeTurn(behind: self.queue.count, patience: self.limits.patience, waiting.deliveryClass, now: now) ?? self.limits.patience
            actions.append(.hold(message: waiting.message, after: TimeAmount(clamping: turn)))
        }
        let idleTimeout = TimeAmount(clamping: self.limits.idleTimeout)
        while let first = self.idle.first, case .idle(let since)? = self.connections[first]?.state, now - since >= idleTimeout {
            self.idle.removeFirst()
            self.connections[first] = nil
            actions.append(.quit(connection: first))
        }
        return actions
    }

    /// Closes what is idle: another lane needs it.
    package mutating func shed() -> [Action] {
        defer { self.idle.removeAll() }
        return self.idle.map { connection in
            self.connections[connection] = nil
            return .quit(connection: connection)
        }
    }

    /// Takes nothing more, gives back what waits, and closes what is idle; transactions under way go on.
    package mutating func stop() -> [Action] {
        self.isStopping = true
        var actions: [Action] = []
        while let waiting = self.queue.popFirst(takesBulk: true) { actions.append(.stop(message: waiting.message)) }
        for connection in self.idle {
            self.connections[connection] = nil
            actions.append(.quit(connection: connection))
        }
        self.idle.removeAll()
        // Those being opened are told to leave when they are ready.
        for (number, connection) in self.connections {
            if case .connecting = connection.state { self.connections[number] = nil }
        }
        self.connecting = 0
        self.connectingSince = nil
        return actions
    }

    // MARK: - Decisions

    /// How many octets cost as much as a recipient.
    private static let octetsPerCost = 64 << 10

    /// How many connections bulk messages may have of those that are dared: some stay free for transactional ones, which then need not even
    /// wait for a bulk message's end.
    private var bulkConnections: Int {
        guard self.allowed > 1 else { return 1 }
        return self.allowed - max(Int(Double(self.allowed) * self.limits.transactionalReserve), self.limits.transactionalReserve > 0 ? 1 : 0)
    }

    /// Whether there is no room for one more message of an account: an account with much of it may fill half of what the others leave, and
    /// bulk messages three quarters, so that who comes next finds some.
    private func isFull(for account: String, _ deliveryClass: Topics.DeliveryClass) -> Bool {
        let count = deliveryClass == .bulk ? self.limits.waiting - self.limits.waiting / 4 : self.limits.waiting
        let octets = deliveryClass == .bulk ? self.limits.waitingOctets - self.limits.waitingOctets / 4 : self.limits.waitingOctets
        guard self.queue.count < count, self.queue.octets < octets else { return true }
        let own = self.queue.waiting(of: account, deliveryClass)
        return own.count >= self.limits.assuredWaiting
            && (own.count >= count - self.queue.count || own.octets >= octets - self.queue.octets)
    }

    /// A transaction is over.
    private mutating func ended(_ waiting: Waiting) {
        if waiting.deliveryClass == .bulk { self.activeBulk -= 1 }
    }

    /// Whether the site lets us wait for a first connection: a few messages are enough to wait with it.
    private func isSlowToConnect(now: NIODeadline) -> Bool {
        guard let connectingSince, self.connecting == self.connections.count else { return false }
        return now - connectingSince >= TimeAmount(clamping: self.limits.connectPatience)
    }

    private mutating func becomeIdle(_ connection: UInt64, now: NIODeadline) -> [Action] {
        self.connections[connection]?.state = .idle(since: now)
        self.idle.append(connection)
        return []
    }

    /// Gives waiting messages to idle connections, the one used last first, and opens more where that pays.
    private mutating func pump(now: NIODeadline) -> [Action] {
        guard !self.isStopping else { return [] }
        var actions: [Action] = []
        while let connection = self.idle.last {
            guard let waiting = self.queue.popFirst(takesBulk: self.activeBulk < self.bulkConnections) else { break }
            self.idle.removeLast()
            if waiting.deliveryClass == .bulk { self.activeBulk += 1 }
            self.connections[connection]?.state = .busy(waiting)
            self.rate.begin(now: now)
            actions.append(.start(message: waiting.message, connection: connection))
        }
        let startable =
            self.queue.count(of: .transactional) + min(self.queue.count(of: .bulk), max(self.bulkConnections - self.activeBulk, 0))
        guard startable > self.connecting else { return actions }
        if let opensAt, opensAt > now {
            // Open connections go on; where there is none, the wait is short and the queue keeps its order.
            if self.connections.isEmpty, self.wakesAt != opensAt {
                self.wakesAt = opensAt
                actions.append(.wake(at: opensAt))
            }
            return actions
        }
        while startable > self.connecting, self.connections.count < self.allowed {
            let connection = self.nextConnection
            self.nextConnection += 1
            // With one open, what is being opened is no sign of a site that does not answer.
            if self.connecting == self.connections.count, self.connectingSince == nil { self.connectingSince = now }
            self.connections[connection] = Connection(state: .connecting)
            self.connecting += 1
            actions.append(.connect(connection: connection))
        }
        return actions
    }

    private func backoff() -> TimeAmount {
        let doublings = min(max(self.failures - 1, 0), 16)
        let pause = self.limits.firstBackoff * (1 << doublings)
        return TimeAmount(clamping: min(pause, self.limits.longestBackoff))
    }
}
