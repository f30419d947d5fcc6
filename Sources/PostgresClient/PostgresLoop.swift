internal import ApusCore
internal import CPostgres
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What the client's thread does: sleep in `poll` until a socket, a call or a deadline wants something, and serve it.
///
/// Made, used and dropped on that thread only. All libpq calls on a connection that was made are here, none of which blocks; making
/// connections and asking the server to cancel, which do, have short-lived threads of their own.
final class PostgresLoop {
    /// How long the rest of an abandoned batch may take to come before its connection is dropped.
    private static let drainTime = Duration.seconds(2)
    /// How many requests to cancel may be on their way at once; above it connections are dropped instead.
    private static let maximumCancellations = 8

    private struct Listener {
        let subscription: PostgresSubscription
        /// The number of its connection, open or being made.
        var link: Int?
        var failures = 0
        var nextTry: ContinuousClock.Instant
    }

    private let mailbox: PostgresMailbox
    private let counts: PostgresCounts
    private let configuration: PostgresConfiguration
    private let parameters: ConnectionParameters
    private let backoff: ReconnectBackoff
    private let clock = ContinuousClock()
    private var pool: PoolMachine
    private var links: [Int: PostgresLink] = [:]
    /// Calls that wait for a connection.
    private var waiting: [Int: PostgresCall] = [:]
    private var listeners: [ObjectIdentifier: Listener] = [:]
    private var cancellations = 0
    private var closers: [CheckedContinuation<Void, Never>] = []
    private var closeDeadline: ContinuousClock.Instant?

    init(_ configuration: PostgresConfiguration, parameters: ConnectionParameters, mailbox: PostgresMailbox, counts: PostgresCounts) {
        self.configuration = configuration
        self.parameters = parameters
        self.mailbox = mailbox
        self.counts = counts
        self.backoff = ReconnectBackoff(initial: configuration.initialBackoff, maximum: configuration.maximumBackoff)
        self.pool = PoolMachine(
            .init(
                maximumConnections: configuration.maximumConnections, maximumWaiting: configuration.maximumWaiting,
                maximumWaitingBytes: configuration.maximumWaitingBytes, acquireTimeout: configuration.acquireTimeout,
                idleTimeout: configuration.idleTimeout, backoff: self.backoff))
    }

    /// Runs until the client is closed.
    func run() {
        while true {
            for event in self.mailbox.take() { self.handle(event) }
            self.expire()
            self.counts.connections.store(self.pool.linkCount, ordering: .relaxed)
            self.counts.waitingCalls.store(self.pool.waitingCount, ordering: .relaxed)
            if let deadline = self.closeDeadline, self.clock.now >= deadline || self.isQuiet { break }
            self.sleep()
        }
        for event in self.mailbox.end() { self.handle(event) }
        for link in self.links.values { self.drop(link, PostgresError.closed) }
        for closer in self.closers { closer.resume() }
    }

    /// Nothing that somebody waits for is under way.
    private var isQuiet: Bool {
        !self.links.values.contains { link in
            if case .call(.some) = link.batch?.purpose { true } else { false }
        }
    }

    // MARK: Events

    private func handle(_ event: PostgresMailbox.Event) {
        switch event {
        case .call(let call): self.begin(call)
        case .cancel(let call): self.cancel(call)
        case .release(let number, let isSpoiled):
            guard let link = self.links[number] else { return }
            link.isReleased = true
            link.isSpoiled = link.isSpoiled || isSpoiled
            self.recycleWhenFree(link)
        case .connected(let number, let result): self.connected(number, result)
        case .cancelSent(let number):
            self.cancellations -= 1
            guard let link = self.links[number] else { return }
            link.isCancelling = false
            self.goOn(link)
        case .subscribe(let subscription):
            guard self.closeDeadline == nil else { return }
            self.listeners[ObjectIdentifier(subscription)] = Listener(subscription: subscription, nextTry: self.clock.now)
        case .unsubscribe(let subscription):
            guard let listener = self.listeners.removeValue(forKey: ObjectIdentifier(subscription)) else { return }
            if let link = listener.link.flatMap({ self.links[$0] }) { self.drop(link, .closed) }
        case .close(let continuation):
            if let continuation { self.closers.append(continuation) }
            guard self.closeDeadline == nil else { return }
            self.closeDeadline = self.clock.now + self.configuration.statementTimeout
            self.listeners = [:]
            self.carryOut(self.pool.close())
        }
    }

    private func begin(_ call: PostgresCall) {
        guard !call.isCancelled else {
            call.finish(.failure(CancellationError()))
            return
        }
        guard self.closeDeadline == nil else {
            call.finish(.failure(PostgresError.closed))
            return
        }
        switch call.work {
        case .lease, .once:
            self.waiting[call.number] = call
            self.carryOut(self.pool.acquire(call.number, bytes: call.byteCount, now: self.clock.now))
        case .run(let number, let statements):
            guard let link = self.links[number] else {
                call.finish(.failure(PostgresError(.connectionLost, "the connection to PostgreSQL broke before the statement was sent")))
                return
            }
            if link.isBusy {
                link.queued.append(call)
            } else {
                self.start(statements, for: call, on: link)
            }
        }
    }

    private func cancel(_ call: PostgresCall) {
        if self.waiting.removeValue(forKey: call.number) != nil, self.pool.withdraw(call.number) {
            call.finish(.failure(CancellationError()))
            return
        }
        for link in self.links.values {
            if case .call(let running?) = link.batch?.purpose, running === call {
                self.abandon(link, CancellationError())
            } else if let index = link.queued.firstIndex(where: { $0 === call }) {
                link.queued.remove(at: index)
                call.finish(.failure(CancellationError()))
            }
        }
    }

    // MARK: Connections

    private func connect(_ number: Int) {
        let parameters = self.parameters
        let mailbox = self.mailbox
        let hasStarted = OwnedThread.start {
            let result = PostgresHandle.connect(parameters)
            if !mailbox.post(.connected(link: number, result)), case .success(let handle) = result { PQfinish(handle.pointer) }
        }
        if !hasStarted {
            _ = mailbox.post(.connected(link: number, .failure(PostgresError(.unreachable, "the system gives no thread for connecting"))))
        }
    }

    private func connected(_ number: Int, _ result: Result<PostgresHandle, PostgresError>) {
        let listener = self.listeners.first { $0.value.link == number }
        switch result {
        case .failure(let error):
            self.counts.connectsFailed.add(1, ordering: .relaxed)
            if let (key, _) = listener { return self.interrupted(key, error) }
            self.carryOut(self.pool.connectFailed(number, error, jitter: .random(in: 0...1), now: self.clock.now))
        case .success(let handle):
            self.counts.connectsMade.add(1, ordering: .relaxed)
            let link = PostgresLink(number: number, handle: handle)
            // Nobody wants it any more: a subscription that was cancelled meanwhile, or the client is being closed.
            guard self.closeDeadline == nil, listener != nil || self.pool.isWaitingFor(number) else { return link.finish() }
            self.links[number] = link
            link.subscription = listener?.value.subscription
            let limits = [self.configuration.statementTimeout, self.configuration.idleTransactionTimeout].map {
                PostgresValue.text("\(max($0.milliseconds, 1))")
            }
            var statements = [
                PostgresStatement(
                    "SELECT set_config('statement_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false)",
                    limits, isPrepared: false)
            ]
            if let channel = link.subscription?.channel {
                statements.append(PostgresStatement("LISTEN \(PostgresStatement.quoted(channel))", isPrepared: false))
            }
            // These texts and numbers always encode.
            let encoded = statements.compactMap { try? EncodedStatement($0) }
            let deadline = self.clock.now + self.configuration.statementTimeout
            if !link.start(encoded, for: .setUp, deadline: deadline, prepares: false) { self.lose(link) }
        }
    }

    private func interrupted(_ key: ObjectIdentifier, _ error: PostgresError) {
        guard var listener = self.listeners[key] else { return }
        listener.link = nil
        listener.failures += 1
        listener.nextTry = self.clock.now + self.backoff.pause(failures: listener.failures, jitter: .random(in: 0...1))
        self.listeners[key] = listener
        listener.subscription.handler(.interrupted(error))
    }

    private func carryOut(_ actions: [PoolMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let number): self.connect(number)
            case .fail(let number, let error): self.waiting.removeValue(forKey: number)?.finish(.failure(error))
            case .close(let number): self.links.removeValue(forKey: number)?.finish()
            case .grant(let number, let callNumber):
                guard let link = self.links[number] else { continue }
                link.isReleased = false
                guard let call = self.waiting.removeValue(forKey: callNumber) else {
                    self.carryOut(self.pool.release(number, now: self.clock.now))
                    continue
                }
                if case .once(let statements) = call.work {
                    link.isReleased = true
                    self.start(statements, for: call, on: link)
                } else if !call.finish(.success(.lease(number))) {
                    self.carryOut(self.pool.release(number, now: self.clock.now))
                }
            }
        }
    }

    /// The connection does not answer any more.
    private func lose(_ link: PostgresLink) {
        self.drop(link, PostgresError(.connectionLost, "the connection to PostgreSQL broke"))
    }

    /// Ends a connection and what waits for it.
    private func drop(_ link: PostgresLink, _ error: PostgresError) {
        guard self.links.removeValue(forKey: link.number) != nil else { return }
        let reason = link.batch?.error ?? error
        if case .call(let call?) = link.batch?.purpose { call.finish(.failure(reason)) }
        for call in link.queued { call.finish(.failure(error)) }
        let wasSettingUp = if case .setUp = link.batch?.purpose { true } else { false }
        link.finish()
        if let subscription = link.subscription {
            self.interrupted(ObjectIdentifier(subscription), reason)
        } else if wasSettingUp {
            self.carryOut(self.pool.connectFailed(link.number, reason, jitter: .random(in: 0...1), now: self.clock.now))
        } else {
            self.carryOut(self.pool.lost(link.number, now: self.clock.now))
        }
    }

    // MARK: Statements

    private func start(_ statements: [EncodedStatement], for call: PostgresCall, on link: PostgresLink) {
        let deadline = self.clock.now + call.timeout
        if !link.start(statements, for: .call(call), deadline: deadline, prepares: self.configuration.preparesStatements) { self.lose(link) }
    }

    /// Ends a call before its statements: asks the server to cancel them, and reads the rest of the results for nobody.
    private func abandon(_ link: PostgresLink, _ error: any Error) {
        guard case .call(let call?) = link.batch?.purpose else { return }
        call.finish(.failure(error))
        link.abandon(until: self.clock.now + Self.drainTime)
        guard self.cancellations < Self.maximumCancellations else { return self.lose(link) }
        let mailbox = self.mailbox
        let number = link.number
        guard link.handle.cancel(done: { _ = mailbox.post(.cancelSent(link: number)) }) else { return self.lose(link) }
        self.cancellations += 1
        link.isCancelling = true
    }

    /// Serves a batch that has come in whole.
    private func complete(_ batch: PostgresLink.Batch, on link: PostgresLink) {
        if batch.error?.sqlState?.spoilsSession == true { link.isSpoiled = true }
        switch batch.purpose {
        case .call(let call):
            if let error = batch.error {
                call?.finish(.failure(error))
            } else {
                call?.finish(.success(.results(batch.results)))
            }
            self.goOn(link)
        case .reset:
            link.isSpoiled = link.isSpoiled || batch.error != nil
            self.goOn(link)
        case .setUp:
            if let error = batch.error {
                self.links[link.number] = nil
                link.finish()
                if let subscription = link.subscription {
                    self.interrupted(ObjectIdentifier(subscription), error)
                } else {
                    self.carryOut(self.pool.connectFailed(link.number, error, jitter: .random(in: 0...1), now: self.clock.now))
                }
            } else if let subscription = link.subscription {
                self.listeners[ObjectIdentifier(subscription)]?.failures = 0
                subscription.handler(.listening)
            } else {
                self.carryOut(self.pool.connected(link.number, now: self.clock.now))
            }
        }
    }

    /// After a batch, or a request to cancel: the next call of the lease's holder, or the lease's end.
    private func goOn(_ link: PostgresLink) {
        guard !link.isBusy, self.links[link.number] != nil else { return }
        if !link.queued.isEmpty {
            let call = link.queued.removeFirst()
            if case .run(_, let statements) = call.work { self.start(statements, for: call, on: link) }
            return
        }
        self.recycleWhenFree(link)
    }

    /// Gives a released connection back to the pool, without a transaction that was left open.
    private func recycleWhenFree(_ link: PostgresLink) {
        guard link.isReleased, !link.isBusy, link.subscription == nil else { return }
        if link.isSpoiled { return self.drop(link, .closed) }
        guard link.isInTransaction else { return self.carryOut(self.pool.release(link.number, now: self.clock.now)) }
        guard let rollback = try? EncodedStatement(PostgresStatement("ROLLBACK", isPrepared: false)) else { return }
        let deadline = self.clock.now + Self.drainTime
        if !link.start([rollback], for: .reset, deadline: deadline, prepares: false) { self.lose(link) }
    }

    // MARK: Time and sockets

    private func expire() {
        let now = self.clock.now
        for link in self.links.values {
            guard let deadline = link.deadline, deadline <= now else { continue }
            if case .call(.some) = link.batch?.purpose {
                self.abandon(link, PostgresError(.timeout, "PostgreSQL did not finish a statement in its time; it was cancelled"))
            } else {
                self.drop(link, PostgresError(.connectionLost, "PostgreSQL does not answer on this connection"))
            }
        }
        self.carryOut(self.pool.tick(now: now))
        for (key, listener) in self.listeners where listener.link == nil && listener.nextTry <= now {
            let number = self.pool.nextNumber()
            self.listeners[key]?.link = number
            self.connect(number)
        }
    }

    private func sleep() {
        let open = Array(self.links.values)
        var descriptors = [pollfd(fd: self.mailbox.wake.descriptor, events: Int16(POLLIN), revents: 0)]
        for link in open {
            descriptors.append(pollfd(fd: link.descriptor, events: Int16(POLLIN) | (link.wantsToWrite ? Int16(POLLOUT) : 0), revents: 0))
        }
        guard poll(&descriptors, nfds_t(descriptors.count), self.milliseconds()) > 0 else { return }
        if descriptors[0].revents != 0 { self.mailbox.wake.take() }
        for (link, descriptor) in zip(open, descriptors.dropFirst()) where descriptor.revents != 0 && self.links[link.number] === link {
            self.serve(link)
        }
    }

    private func serve(_ link: PostgresLink) {
        let isAlive = link.receive() && (!link.wantsToWrite || link.flush())
        if let subscription = link.subscription {
            for notification in link.takeNotifications() { subscription.handler(.notified(notification)) }
        } else {
            // Of a LISTEN that a caller issued by itself: nobody to tell.
            _ = link.takeNotifications()
        }
        if let batch = link.takeComplete() { self.complete(batch, on: link) }
        if !isAlive { self.lose(link) }
    }

    /// How long until the first deadline, rounded up, so that it has passed on waking; -1 for ever.
    private func milliseconds() -> Int32 {
        var deadlines = self.links.values.compactMap(\.deadline)
        if let deadline = self.pool.nextDeadline { deadlines.append(deadline) }
        if let deadline = self.closeDeadline { deadlines.append(deadline) }
        deadlines += self.listeners.values.filter { $0.link == nil }.map(\.nextTry)
        guard let first = deadlines.min() else { return -1 }
        return Int32(clamping: max((first - self.clock.now).milliseconds + 1, 0))
    }
}
