internal import ApusCore
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// The part of a client that lives on its event loop: the pool, the connections, the timer.
///
/// `@unchecked Sendable`: every method and property but `init` is for the event loop alone.
final class RedisCore: @unchecked Sendable {
    private let configuration: RedisConfiguration
    private let loop: any EventLoop
    private let tls: NIOSSLContext?
    private var pool: RedisPool<RedisRequest>
    private var connections: [RedisConnection?]
    /// The time limits of connections that are being made.
    private var deadlines: [Scheduled<Void>?]
    private var timer: (at: Int64, scheduled: Scheduled<Void>)?
    /// Why the newest connection ended.
    private var lastFailure: (any Error)?
    private var isClosing = false
    private var closed: EventLoopPromise<Void>?
    private(set) var connectionsMade = 0
    /// Told once per request, when neither it nor its late answer takes up room any more.
    private let released: @Sendable (RedisRequest) -> Void

    init(
        _ configuration: RedisConfiguration, loop: any EventLoop, tls: NIOSSLContext?, released: @escaping @Sendable (RedisRequest) -> Void
    ) {
        self.configuration = configuration
        self.loop = loop
        self.tls = tls
        self.released = released
        self.pool = RedisPool(
            RedisPool.Limits(
                connections: configuration.connections, stall: configuration.stallTimeout.nanoseconds,
                backoff: max(configuration.backoff.nanoseconds, 1), maximumBackoff: max(configuration.maximumBackoff.nanoseconds, 1)))
        self.connections = Array(repeating: nil, count: configuration.connections)
        self.deadlines = Array(repeating: nil, count: configuration.connections)
    }

    static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }

    var connectionsUp: Int { self.pool.connectionsUp }

    /// Takes requests, in order.
    func submit(_ requests: some Sequence<RedisRequest>) {
        let now = Self.now
        for request in requests {
            switch self.pool.submit(request, id: request.id, deadline: request.deadline, now: now) {
            case .write(let slot): self.connections[slot]?.write(request.command.bytes)
            case .wait(let slots): slots.forEach(self.connect)
            case .closed: self.refuse(request, Self.closedError)
            case .unreachable: self.refuse(request, self.unreachable)
            }
        }
        self.flush()
        self.arm()
    }

    func cancel(_ id: UInt64) {
        guard let abandoned = self.pool.cancel(id) else { return }
        self.abandon(abandoned, CancellationError())
        self.closeIfDone()
    }

    /// Waits for what is under way, which its time limits bound, and closes the connections.
    func close(_ promise: EventLoopPromise<Void>) {
        if let closed {
            closed.futureResult.cascade(to: promise)
            return
        }
        self.closed = promise
        self.isClosing = true
        for request in self.pool.close() { self.refuse(request, Self.closedError) }
        self.closeIfDone()
    }

    private static let closedError = RedisError(.closed, "the Redis client was closed")
}

extension RedisCore {
    private func connect(_ slot: Int) {
        let connection = RedisConnection(
            slot: slot, handshake: RedisHandshake(self.configuration), limits: self.configuration.limits
        ) { [weak self] in self?.heard($0, $1) }
        self.connections[slot] = connection
        let limit = self.configuration.connectTimeout
        self.deadlines[slot] = self.loop.assumeIsolated().scheduleTask(in: .nanoseconds(limit.nanoseconds)) {
            connection.close(RedisError(.unreachable, "the Redis server does not answer within \(limit)"))
        }
        let tls = self.tls
        let name = self.configuration.tlsServerName ?? self.configuration.host
        ClientBootstrap(group: self.loop)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.nanoseconds(limit.nanoseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tls else { return }
                    // An address is verified as one, but cannot be sent as a server name.
                    let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : name))
                }
            }
            .connect(host: self.configuration.host, port: self.configuration.port)
            .assumeIsolated()
            .whenComplete { result in
                do {
                    // Not before: a name with several addresses makes several channels, of which this is the one.
                    try result.get().pipeline.syncOperations.addHandler(connection)
                } catch {
                    connection.close(error)
                }
            }
    }

    private func heard(_ connection: RedisConnection, _ event: RedisConnection.Event) {
        let slot = connection.slot
        guard self.connections[slot] === connection else { return }
        switch event {
        case .ready:
            self.deadlines[slot]?.cancel()
            self.connectionsMade += 1
            self.lastFailure = nil
            for request in self.pool.connected(slot, now: Self.now) { connection.write(request.command.bytes) }
            connection.flush()
            self.arm()
        case .reply(let value): self.answer(value, on: connection)
        case .readComplete:
            connection.flush()
            self.closeIfDone()
        case .ended(let error): self.ended(slot, error)
        }
    }

    private func answer(_ value: RESPValue, on connection: RedisConnection) {
        let now = Self.now
        guard let answered = self.pool.answered(connection.slot, now: now) else {
            connection.close(RedisError(.protocolViolation, "the Redis server answers what was not asked"))
            return
        }
        let request = answered.request
        guard case .error(let error) = value else {
            self.released(request)
            if !answered.isGivenUp { request.completion(.success(value)) }
            return
        }
        if error.code == "READONLY" {
            // It has become a replica: a new connection may lead to its successor.
            connection.close(RedisError(error))
        }
        if !answered.isGivenUp, error.code == "NOSCRIPT", let whole = request.command.withSource {
            let again = RedisRequest(id: request.id, command: whole, deadline: request.deadline, completion: request.completion)
            self.pool.resubmit(again, id: again.id, deadline: again.deadline, on: connection.slot, now: now)
            connection.write(whole.bytes)
            return
        }
        self.released(request)
        if !answered.isGivenUp { request.completion(.failure(RedisError(error))) }
    }

    private func ended(_ slot: Int, _ error: any Error) {
        self.deadlines[slot]?.cancel()
        self.connections[slot] = nil
        self.lastFailure = error
        let disconnection = self.pool.disconnected(slot, spread: .random(in: 0...1))
        let code = (error as? RedisError)?.code ?? .connectionLost
        let lost = RedisError(code, "the connection to the Redis server ended before the answer", mayHaveRun: true, cause: error)
        for answered in disconnection.requests {
            self.released(answered.request)
            if !answered.isGivenUp { answered.request.completion(.failure(lost)) }
        }
        for request in disconnection.unreachable { self.refuse(request, self.unreachable) }
        if let pause = disconnection.retryAfter {
            self.loop.assumeIsolated().scheduleTask(in: .nanoseconds(pause)) { [weak self] in
                guard let self, self.pool.retry(slot) else { return }
                self.connect(slot)
            }
        }
        self.closeIfDone()
    }

    private func flush() {
        for connection in self.connections { connection?.flush() }
    }

    /// Sets the timer to the time at which the pool wants to be looked at.
    private func arm() {
        guard let next = self.pool.nextCheck else { return }
        if let timer {
            guard next < timer.at else { return }
            timer.scheduled.cancel()
        }
        let scheduled = self.loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(UInt64(max(next, 0)))) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.lookForOverdue()
        }
        self.timer = (next, scheduled)
    }

    private func lookForOverdue() {
        let overdue = self.pool.overdue(now: Self.now)
        for abandoned in overdue.requests {
            self.abandon(
                abandoned,
                abandoned.wasWritten ? RedisError(.timedOut, "the Redis server did not answer in time", mayHaveRun: true) : self.unreachable)
        }
        for slot in overdue.stalled {
            let limit = self.configuration.stallTimeout
            self.connections[slot]?.close(
                RedisError(.timedOut, "the Redis server gave no answer for \(limit)", mayHaveRun: true))
        }
        self.arm()
        self.closeIfDone()
    }

    private var unreachable: RedisError {
        if let failure = self.lastFailure as? RedisError, failure.code == .authentication {
            return RedisError(.authentication, failure.message, cause: failure)
        }
        return RedisError(
            .unreachable, "no connection to the Redis server comes up: see that it runs and can be reached", cause: self.lastFailure)
    }

    /// Ends a request that was not written.
    private func refuse(_ request: RedisRequest, _ error: any Error) {
        self.released(request)
        request.completion(.failure(error))
    }

    /// Ends a request for its caller. One that was written takes up room until its late answer comes or its connection ends.
    private func abandon(_ abandoned: RedisPool<RedisRequest>.Abandoned, _ error: any Error) {
        if !abandoned.wasWritten { self.released(abandoned.request) }
        abandoned.request.completion(.failure(error))
    }

    private func closeIfDone() {
        guard self.isClosing, self.pool.isEmpty else { return }
        self.timer?.scheduled.cancel()
        self.timer = nil
        for connection in self.connections { connection?.close(Self.closedError) }
        guard self.connections.allSatisfy({ $0 == nil }) else { return }
        self.closed?.succeed()
    }
}
