internal import ApusCore
internal import DequeModule
internal import NIOCore
internal import SMTPProtocol

/// What a lane keeps on its event loop: the machine, and what its numbers stand for.
///
/// A message's way in here: `enqueue` → (machine) → `start` → the session's result → `end`, where its owner is told.
final class LaneCore {
    private struct Entry {
        var message: LaneMessage
        /// Told once how the message left the lane.
        var owner: CheckedContinuation<LaneOutcome?, Never>
        /// From the first start on: the marker's completion, for which the final dot waits.
        var gate: EventLoopFuture<Void>?
    }

    private struct Connection {
        var session: any MailSession
        var current: UInt64?
        /// The message whose settlement the next final dot waits for.
        var after: UInt64?
        var transactions = 0
        var refusals = 0
    }

    /// How long a host whose TLS is broken is spoken to in clear.
    private static let clearFor = TimeAmount.hours(1)
    /// How long a lane is kept after its last use: there is one for each site that mail goes to.
    private static let keptIdleFor = TimeAmount.seconds(30)
    /// The same when it has learned something of the far side that is worth keeping.
    private static let keptLearnedFor = TimeAmount.minutes(5)
    private static let keptDestinations = 10
    /// Messages that pay for a connection: after them a lane's only one may go to a lane that has none.
    private static let fairShare = 10
    /// A message whose marker could not be written.
    private static let abortedHold = Duration.seconds(15)

    private var machine: LaneMachine
    private let limits: LaneLimits
    private let clock: any DeliveryClock
    private let classifier = ReplyClassifier.shared
    private let supply: LaneSupply
    private var dial: (@Sendable (UInt64, MailHosts, Set<String>) -> Void)?
    /// Connections that the machine asked for and for which the worker has no room yet.
    private var unsupplied: Deque<UInt64> = []
    /// The site's hosts in the order that the newest message's destination wants.
    private var hosts: MailHosts?
    private var eventLoop: (any EventLoop)?

    private var entries: [UInt64: Entry] = [:]
    private var connections: [UInt64: Connection] = [:]
    /// Messages that were attempted and whose outcomes are not in their markers yet.
    private var unsettled: [UInt64: EventLoopFuture<Void>] = [:]
    /// Those of them whose connection is gone; the next connections wait for them, each for one, so that there are never more messages in
    /// doubt than connections.
    private var orphans: Deque<UInt64> = []
    /// Actions to perform, and whether that is being done: an action's consequences come after it and not inside it.
    private var actions: Deque<LaneMachine.Action> = []
    private var isPerforming = false
    private var nextMessage: UInt64 = 1
    private var clearHosts: [String: NIODeadline] = [:]
    private var lastUse = NIODeadline.now()
    private var isRetired = false
    private var isStopping = false
    private var isClosed = false

    private var lastFailure: DeliveryFailure?
    private var lastReply = ""
    private var lastReplyAt: UnixMilliseconds?
    private var deferred = 0
    private var destinations: [String] = []

    init(limits: LaneLimits, supply: LaneSupply, clock: any DeliveryClock) {
        self.machine = LaneMachine(limits: limits)
        self.supply = supply
        self.limits = limits
        self.clock = clock
    }

    /// Called once, before everything else.
    func bind(dial: @escaping @Sendable (UInt64, MailHosts, Set<String>) -> Void, eventLoop: any EventLoop) {
        self.dial = dial
        self.eventLoop = eventLoop
    }

    // MARK: - From the worker

    func enqueue(_ message: LaneMessage, _ owner: CheckedContinuation<LaneOutcome?, Never>) {
        guard !self.isRetired else { return owner.resume(returning: nil) }
        let now = NIODeadline.now()
        self.lastUse = now
        self.hosts = message.hosts
        self.remember(message)
        let number = self.nextMessage
        self.nextMessage += 1
        self.entries[number] = Entry(message: message, owner: owner)
        self.perform(
            self.machine.enqueue(
                number, class: message.deliveryClass, owner: message.account.rawValue, campaign: message.campaign,
                cost: message.transaction.recipients.count, octets: message.transaction.content.octets, now: now))
    }

    func tick() -> Bool {
        let now = NIODeadline.now()
        self.perform(self.machine.tick(now: now))
        if self.machine.waiting == 0 { self.withdraw(now: now) }
        if self.supply.isShort() { self.shed() }
        let kept = self.clearHosts.isEmpty && self.lastReply.isEmpty ? Self.keptIdleFor : Self.keptLearnedFor
        guard self.machine.isEmpty, self.entries.isEmpty, now - self.lastUse >= kept else { return false }
        self.isRetired = true
        self.dial = nil
        return true
    }

    func stop() {
        self.isStopping = true
        // Nothing is opened any more, and the way to the dialer leads back here.
        self.dial = nil
        self.supply.withdraw(self.unsupplied.count)
        self.unsupplied.removeAll()
        self.perform(self.machine.stop())
    }

    /// Another lane takes this one's place: nothing is in it, and nothing will be.
    func retire() {
        self.isRetired = true
        self.stop()
    }

    /// Closes what is open and not used: another lane needs it.
    func shed() {
        self.perform(self.machine.shed())
    }

    /// There is room for a connection that the lane waits for.
    func supplied() {
        guard let connection = self.unsupplied.popFirst() else { return self.supply.release() }
        guard self.machine.waiting > 0, let dial, let hosts else {
            self.supply.release()
            return self.perform(self.machine.connectCancelled(connection, now: .now()))
        }
        dial(connection, hosts, Set(self.clearHosts.keys))
    }

    /// Nothing is left for the connections that the lane waits for.
    private func withdraw(now: NIODeadline) {
        guard !self.unsupplied.isEmpty else { return }
        self.supply.withdraw(self.unsupplied.count)
        while let connection = self.unsupplied.popFirst() { self.perform(self.machine.connectCancelled(connection, now: now)) }
    }

    func close() {
        self.isClosed = true
        self.stop()
        for connection in self.connections.values { connection.session.close() }
    }

    func snapshot(site: String) -> LaneSnapshot {
        let now = NIODeadline.now()
        var oldest: UnixMilliseconds?
        if self.machine.waiting > 0 {
            for entry in self.entries.values where entry.gate == nil {
                if oldest.map({ entry.message.acceptedAt < $0 }) ?? true { oldest = entry.message.acceptedAt }
            }
        }
        var waitsFor = ""
        if let end = self.machine.backoffEnd(now: now) {
            waitsFor = "back-off for \((end - now).nanoseconds / 1_000_000_000 + 1) s"
        } else if !self.unsupplied.isEmpty, self.connections.isEmpty {
            waitsFor = "connections of other lanes"
        } else if self.machine.isConnecting {
            waitsFor = "connecting"
        } else if self.machine.waiting > 0 {
            waitsFor = "limit"
        }
        return LaneSnapshot(
            site: site, destinations: self.destinations, waiting: self.machine.waiting, active: self.machine.active,
            connections: self.machine.openConnections, deferred: self.deferred, oldestAcceptedAt: oldest, lastReply: self.lastReply,
            lastReplyAt: self.lastReplyAt, waitsFor: waitsFor)
    }

    // MARK: - From the dialer

    func dialed(_ connection: UInt64, _ outcome: DialOutcome) {
        let now = NIODeadline.now()
        switch outcome {
        case .connected(let session, let brokenTLSHost):
            // It counts until it is closed, whoever knows of it by then.
            self.supply.noteSource(true)
            session.closed.whenComplete { [supply = self.supply] _ in supply.release() }
            // Not longer because the host is spoken to in clear meanwhile: when the time is over TLS is tried again.
            if let brokenTLSHost, self.clearHosts[brokenTLSHost] == nil { self.clearHosts[brokenTLSHost] = now + Self.clearFor }
            guard !self.isClosed else { return session.close() }
            self.connections[connection] = Connection(session: session, after: self.orphans.popFirst())
            session.closed.assumeIsolated().whenComplete { [weak self] _ in self?.sessionClosed(connection) }
            self.perform(self.machine.connected(connection, now: now))
        case .failed(let failure):
            self.supply.release()
            self.lastFailure = failure
            self.note(failure)
            self.perform(self.machine.connectFailed(connection, isOurFault: failure.failure == .internal, now: now))
        case .unusableSource(let failure):
            self.supply.noteSource(false)
            self.supply.release()
            self.note(failure)
            self.perform(self.machine.sourceFailed(connection, now: now))
        }
    }

    private func sessionClosed(_ connection: UInt64) {
        // A running transaction says itself how it ended.
        guard self.connections[connection]?.current == nil else { return }
        self.forget(connection)
        self.perform(self.machine.closed(connection, now: .now()))
    }

    /// The connection is gone, or soon will be.
    @discardableResult
    private func forget(_ connection: UInt64) -> (any MailSession)? {
        guard let state = self.connections.removeValue(forKey: connection) else { return nil }
        if let message = state.after, self.unsettled[message] != nil { self.orphans.append(message) }
        return state.session
    }

    /// A message's outcome is about to be told.
    private func settlement(of message: UInt64, over connection: UInt64, on eventLoop: any EventLoop) -> LaneSettlement {
        let promise = eventLoop.makePromise(of: Void.self)
        var settled = promise.futureResult
        // A message without a dot of its own does not release the one before it.
        if let previous = self.connections[connection]?.after.flatMap({ self.unsettled[$0] }) { settled = settled.and(previous).map { _ in } }
        self.unsettled[message] = settled
        self.connections[connection]?.after = message
        settled.assumeIsolated().whenComplete { [weak self] _ in
            guard let self else { return }
            self.unsettled[message] = nil
            self.orphans.removeAll { $0 == message }
        }
        return LaneSettlement(promise)
    }

    // MARK: - Actions

    /// One after the other, with what follows from them behind: a long row of messages that all end at once must not pile up on the stack.
    private func perform(_ actions: [LaneMachine.Action]) {
        self.actions.append(contentsOf: actions)
        guard !self.isPerforming else { return }
        self.isPerforming = true
        defer { self.isPerforming = false }
        while let action = self.actions.popFirst() { self.perform(action) }
    }

    private func perform(_ action: LaneMachine.Action) {
        switch action {
        case .connect(let connection):
            let now = NIODeadline.now()
            self.clearHosts = self.clearHosts.filter { $0.value > now }
            guard let dial, let hosts else { return }
            guard self.supply.take() else { return self.unsupplied.append(connection) }
            dial(connection, hosts, Set(self.clearHosts.keys))
        case .start(let message, let connection):
            self.start(message, over: connection)
        case .quit(let connection):
            self.forget(connection)?.quit()
        case .hold(let message, let after):
            self.end(message, .held(.nanoseconds(after.nanoseconds)))
        case .fail(let message, let opensAt):
            let failure = self.lastFailure ?? DeliveryFailure(routing: .noAnswer)
            self.deferred += 1
            self.end(message, .failed(failure, opensAt: self.clock.now() + .nanoseconds((opensAt - .now()).nanoseconds)))
        case .stop(let message):
            self.end(message, .stopped(inDoubt: false))
        case .wake(let at):
            self.eventLoop?.assumeIsolated().scheduleTask(deadline: at) { [weak self] in
                guard let self else { return }
                self.perform(self.machine.woken(now: .now()))
            }
        }
    }

    /// Tells a message's owner that it leaves the lane.
    private func end(_ message: UInt64, _ outcome: LaneOutcome) {
        self.entries.removeValue(forKey: message)?.owner.resume(returning: outcome)
    }

    private func start(_ number: UInt64, over connection: UInt64) {
        guard let session = self.connections[connection]?.session, let entry = self.entries[number], let eventLoop else {
            return self.perform(self.machine.returned(connection, now: .now()))
        }
        guard session.isReady else {
            self.forget(connection)
            return self.perform(self.machine.returned(connection, now: .now()))
        }
        // The deadline passed while it waited: the worker looks at the time, and bounces it.
        guard self.clock.now() < entry.message.expiresAt else {
            self.end(number, .held(.zero))
            return self.perform(self.machine.skipped(connection, now: .now()))
        }
        var gate: EventLoopFuture<Void>
        if let known = entry.gate {
            gate = known
        } else {
            let promise = eventLoop.makePromise(of: Void.self)
            gate = promise.futureResult
            self.entries[number]?.gate = gate
            entry.message.mark { promise.completeWith($0) }
        }
        if let previous = self.connections[connection]?.after.flatMap({ self.unsettled[$0] }) {
            gate = gate.and(previous).map { _ in }
        }
        self.connections[connection]?.current = number
        let place = AttemptPlace(remoteAddress: session.remoteAddress, localAddress: session.localAddress)
        session.send(entry.message.transaction, gate: gate).assumeIsolated().whenSuccess { [weak self] result in
            self?.finished(number, connection, result, place)
        }
    }

    private func finished(_ number: UInt64, _ connection: UInt64, _ result: SMTPTransactionResult, _ place: AttemptPlace) {
        let now = NIODeadline.now()
        guard let state = self.connections[connection] else { return }
        self.lastUse = now
        let refusals = state.refusals + result.recipients.count { $0.reply.map { !$0.isPositive } ?? false }
        let isWorn = refusals >= self.limits.refusalsPerConnection
        let isReusable = state.session.isReady && !isWorn
        self.connections[connection]?.current = nil
        self.connections[connection]?.transactions += 1
        self.connections[connection]?.refusals = refusals
        if state.transactions > 0, !self.isStopping, result.recipients.allSatisfy(self.isStale) {
            self.forget(connection)
            state.session.close()
            return self.perform(self.machine.returned(connection, now: now))
        }
        self.note(result)
        if result.recipients.contains(where: Self.wasAborted) {
            // The marker could not be written: nothing was handed over.
            self.end(number, .held(Self.abortedHold))
        } else if self.isClosed, result.recipients.contains(where: Self.wasBrokenOff) {
            // This side closed the connection: no one is to blame for that.
            self.end(number, .stopped(inDoubt: result.recipients.contains(where: \.isInDoubt)))
        } else if let eventLoop {
            self.end(number, .attempted(result.recipients, place, self.settlement(of: number, over: connection, on: eventLoop)))
        }
        if !isReusable { self.forget(connection) }
        if isWorn { state.session.quit() }
        let yields = isReusable && self.supply.yields(self.machine.waiting == 0, state.transactions + 1 >= Self.fairShare)
        self.perform(self.machine.finished(connection, isReusable: isReusable, yields: yields, now: now))
    }

    /// A reused connection that was gone before the server judged anything of this message: servers close connections that were idle, or
    /// have seen too many errors. A server that says so because it wants less of us is not asked again at once.
    private func isStale(_ outcome: SMTPRecipientOutcome) -> Bool {
        switch outcome {
        case .interrupted(let interruption):
            switch interruption.cause {
            case .connectionClosed, .notConnected:
                return interruption.stage == .reset || interruption.stage == .mail || interruption.stage == .idle
            case .reply: return interruption.stage == .reset || interruption.stage == .idle
            case .timedOut, .protocolViolation, .tlsNotOffered, .tlsFailed, .connectFailed, .noResources, .aborted: return false
            }
        case .deferred(let reply, let stage):
            guard reply.closesConnection, stage == .mail || stage == .recipient || stage == .data else { return false }
            let delay = self.classifier.classify(reply, stage: stage).delay
            return delay != .ipFailure && delay != .spamDetected
        case .accepted, .rejected, .refusedLocally: return false
        }
    }

    private static func wasAborted(_ outcome: SMTPRecipientOutcome) -> Bool {
        if case .interrupted(let interruption) = outcome { interruption.cause == .aborted } else { false }
    }

    private static func wasBrokenOff(_ outcome: SMTPRecipientOutcome) -> Bool {
        if case .interrupted = outcome { true } else { false }
    }

    // MARK: - For operators

    private func remember(_ message: LaneMessage) {
        if message.attempt > 1, self.deferred > 0 { self.deferred -= 1 }
        if self.destinations.last != message.destination {
            self.destinations.removeAll { $0 == message.destination }
            self.destinations.append(message.destination)
            if self.destinations.count > Self.keptDestinations { self.destinations.removeFirst() }
        }
    }

    private func note(_ result: SMTPTransactionResult) {
        var isDeferred = false
        for outcome in result.recipients {
            switch outcome {
            case .accepted: break
            case .rejected(let reply, _): self.note(line: ReplyText.line(reply))
            case .deferred(let reply, _):
                isDeferred = true
                self.note(line: ReplyText.line(reply))
            case .refusedLocally(let refusal): self.note(DeliveryFailure(refusal))
            case .interrupted(let interruption):
                isDeferred = true
                self.note(DeliveryFailure(interruption, classifier: self.classifier))
            }
        }
        if isDeferred { self.deferred += 1 }
    }

    private func note(_ failure: DeliveryFailure) {
        self.note(line: failure.diagnostic)
    }

    private func note(line: String) {
        self.lastReply = line
        self.lastReplyAt = self.clock.now()
    }
}
