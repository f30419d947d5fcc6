internal import ApusCore
package import NIOCore
internal import NIOSSL
internal import Synchronization

/// A pipelining client of one Redis server.
///
/// * Commands are handed to one event loop, which owns all connections. What is handed over while it works leaves in one write.
/// * Connections are made with the first command and from then on kept: one that ends is made anew after a pause that doubles up to
///   a bound. Commands that were not written go to the next connection that is there; those that were fail, for they may have run.
/// * Commands and their bytes are bounded. Above a bound a command fails at once with ``RedisError/Code/overloaded``.
/// * Every command has a time limit, counted from its being handed over. A late answer is dropped, and its command counts in the bounds
///   until then.
/// * While no connection comes up, commands fail at once with ``RedisError/Code/unreachable``.
/// * Two commands are carried out in the order of their calls only if the second is called after the first's answer.
package final class RedisClient: Sendable {
    private struct Inbox {
        var arrivals: [RedisRequest] = []
        var isDrainAsked = false
        var isClosed = false
        var commands = 0
        var bytes = 0
        var lastID: UInt64 = 0
    }

    private final class Shared: Sendable {
        let inbox = Mutex(Inbox())
    }

    /// Whether a task's command was handed over, and whether the task was cancelled: whichever comes second cancels the command.
    private final class Cancellation: Sendable {
        let state = Mutex<(id: UInt64?, isCancelled: Bool)>((nil, false))
    }

    private let configuration: RedisConfiguration
    private let loop: any EventLoop
    private let core: RedisCore
    private let shared: Shared

    /// Makes a client; it connects with the first command.
    ///
    /// - Parameter eventLoop: where its connections live and its completions are called.
    /// - Throws: ``RedisError`` when the configuration does not fit.
    package init(_ configuration: RedisConfiguration, on eventLoop: any EventLoop) throws {
        guard configuration.connections >= 1, configuration.maximumCommands >= 1, configuration.maximumCommandBytes >= 1,
            (1...65535).contains(configuration.port), !configuration.host.isEmpty, !configuration.clientName.contains(" ")
        else {
            throw RedisError(
                .invalidConfiguration, "a Redis client needs a host, a port, a name without blanks, and bounds and connections of at least 1")
        }
        let tls: NIOSSLContext?
        do {
            tls = try configuration.tls.map { try NIOSSLContext(configuration: $0) }
        } catch {
            throw RedisError(.invalidConfiguration, "the TLS settings for Redis do not fit: see the certificate files", cause: error)
        }
        let shared = Shared()
        self.configuration = configuration
        self.loop = eventLoop
        self.shared = shared
        self.core = RedisCore(configuration, loop: eventLoop, tls: tls) { request in
            shared.inbox.withLock { inbox in
                inbox.commands -= 1
                inbox.bytes -= request.byteCount
            }
        }
    }

    /// Sends a command.
    ///
    /// - Parameters:
    ///   - timeLimit: nil is the configuration's.
    ///   - completion: called exactly once, on the event loop or, when the client is full or closed, before this returns; never with a
    ///     lock held. It must not block. An error that the server answers with is a failure with ``RedisError/Code/reply(_:)``.
    package func send(
        _ command: RedisCommand, within timeLimit: Duration? = nil, completion: @escaping @Sendable (Result<RESPValue, any Error>) -> Void
    ) {
        _ = self.submit(command, timeLimit, completion)
    }

    /// Sends a command and waits for its answer.
    ///
    /// - Throws: ``RedisError``; `CancellationError` when the task is cancelled, in which case a command that was not written is not sent.
    package func send(_ command: RedisCommand, within timeLimit: Duration? = nil) async throws -> RESPValue {
        try Task.checkCancellation()
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let id = self.submit(command, timeLimit) { continuation.resume(with: $0) }
                let isCancelled = cancellation.state.withLock { state in
                    state.id = id
                    return state.isCancelled
                }
                if isCancelled { self.cancel(id) }
            }
        } onCancel: {
            let id = cancellation.state.withLock { state in
                state.isCancelled = true
                return state.id
            }
            if let id { self.cancel(id) }
        }
    }

    /// Refuses further commands, waits for what is under way, which its time limits bound, and closes the connections. Idempotent.
    package func close() async {
        self.shared.inbox.withLock { $0.isClosed = true }
        let promise = self.loop.makePromise(of: Void.self)
        self.loop.execute {
            self.drain()
            self.core.close(promise)
        }
        try? await promise.futureResult.get()
    }

    /// What the client is doing.
    package func status() async -> RedisStatus {
        let (commands, bytes) = self.shared.inbox.withLock { ($0.commands, $0.bytes) }
        let counts = try? await self.loop.submit { (self.core.connectionsUp, self.core.connectionsMade) }.get()
        return RedisStatus(connectionsUp: counts?.0 ?? 0, connectionsMade: counts?.1 ?? 0, commands: commands, commandBytes: bytes)
    }

    private func submit(
        _ command: RedisCommand, _ timeLimit: Duration?, _ completion: @escaping @Sendable (Result<RESPValue, any Error>) -> Void
    ) -> UInt64 {
        let deadline = RedisCore.now &+ (timeLimit ?? self.configuration.commandTimeout).nanoseconds
        let size = command.bytes.readableBytes
        let (id, refusal, asksForDrain) = self.shared.inbox.withLock { inbox -> (UInt64, RedisError?, Bool) in
            inbox.lastID += 1
            let id = inbox.lastID
            if inbox.isClosed { return (id, RedisError(.closed, "the Redis client was closed"), false) }
            // One command alone may be larger than the bound.
            guard inbox.commands < self.configuration.maximumCommands,
                inbox.commands == 0 || inbox.bytes + size <= self.configuration.maximumCommandBytes
            else {
                return (id, RedisError(.overloaded, "\(inbox.commands) commands are under way to the Redis server: send fewer at once"), false)
            }
            inbox.commands += 1
            inbox.bytes += size
            inbox.arrivals.append(RedisRequest(id: id, command: command, deadline: deadline, completion: completion))
            defer { inbox.isDrainAsked = true }
            return (id, nil, !inbox.isDrainAsked)
        }
        if let refusal { completion(.failure(refusal)) }
        if asksForDrain { self.loop.execute { self.drain() } }
        return id
    }

    private func cancel(_ id: UInt64) {
        self.loop.execute {
            self.drain()
            self.core.cancel(id)
        }
    }

    /// Hands over what has arrived. On the event loop.
    private func drain() {
        let arrivals = self.shared.inbox.withLock { inbox in
            inbox.isDrainAsked = false
            defer { inbox.arrivals = [] }
            return inbox.arrivals
        }
        if !arrivals.isEmpty { self.core.submit(arrivals) }
    }
}
