package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Listens for SMTP clients on one or more addresses.
///
/// ```swift
/// let server = try await SMTPServer.start(on: group, listeners: [.init(address: address)], configuration: configuration) { connection in
///     MyDelegate(connection)
/// }
/// await server.shutdown(within: .seconds(30))
/// ```
package final class SMTPServer: Sendable {
    private struct State {
        var connections: [UInt64: any Channel] = [:]
        var isShuttingDown = false
        var whenEmpty: [EventLoopPromise<Void>] = []
    }

    /// The connections of one server; listeners and channels share it.
    private final class Registry: Sendable {
        private let state = Mutex(State())
        private let nextID = Atomic<UInt64>(1)
        private let limit: Int

        init(limit: Int) {
            self.limit = limit
        }

        func makeID() -> UInt64 { nextID.wrappingAdd(1, ordering: .relaxed).oldValue }

        var count: Int { state.withLock { $0.connections.count } }

        /// False when the connection is one too many. It is counted all the same until it is closed.
        func add(_ id: UInt64, _ channel: any Channel) -> Bool {
            state.withLock { state in
                state.connections[id] = channel
                return state.connections.count <= limit && !state.isShuttingDown
            }
        }

        func remove(_ id: UInt64) {
            let promises = state.withLock { state -> [EventLoopPromise<Void>] in
                state.connections[id] = nil
                guard state.connections.isEmpty else { return [] }
                defer { state.whenEmpty = [] }
                return state.whenEmpty
            }
            for promise in promises { promise.succeed() }
        }

        func channels() -> [any Channel] { state.withLock { Array($0.connections.values) } }

        func beginShutdown() { state.withLock { $0.isShuttingDown = true } }

        func whenEmpty(_ promise: EventLoopPromise<Void>) {
            let isEmpty = state.withLock { state in
                if !state.connections.isEmpty { state.whenEmpty.append(promise) }
                return state.connections.isEmpty
            }
            if isEmpty { promise.succeed() }
        }
    }

    /// The addresses bound, in the order of the listeners.
    package let addresses: [SocketAddress]
    private let listeners: [any Channel]
    private let registry: Registry

    private init(listeners: [any Channel], registry: Registry) {
        self.listeners = listeners
        self.addresses = listeners.compactMap(\.localAddress)
        self.registry = registry
    }

    /// Connections open now.
    package var connectionCount: Int { registry.count }

    /// Binds all listeners.
    ///
    /// - Parameters:
    ///   - group: event loops for listeners and connections.
    ///   - listeners: at least one.
    ///   - configuration: dialogue and limits.
    ///   - makeDelegate: called on the event loop of each new connection.
    /// - Throws: when an address cannot be bound, or a listener wants TLS and there is no context; nothing is left bound then.
    package static func start(
        on group: any EventLoopGroup,
        listeners: [SMTPListener],
        configuration: SMTPServerConfiguration,
        makeDelegate: @escaping @Sendable (SMTPServerConnection) -> any SMTPServerDelegate
    ) async throws -> SMTPServer {
        let registry = Registry(limit: configuration.maximumConnections)
        var bound: [any Channel] = []
        do {
            for listener in listeners {
                bound.append(try await bind(listener, on: group, configuration: configuration, registry: registry, makeDelegate: makeDelegate))
            }
        } catch {
            for channel in bound { try? await channel.close() }
            throw error
        }
        return SMTPServer(listeners: bound, registry: registry)
    }

    private static func bind(
        _ listener: SMTPListener,
        on group: any EventLoopGroup,
        configuration: SMTPServerConfiguration,
        registry: Registry,
        makeDelegate: @escaping @Sendable (SMTPServerConnection) -> any SMTPServerDelegate
    ) async throws -> any Channel {
        if listener.isImplicitTLS, configuration.tlsContext == nil { throw SMTPTransportError(.noTLSContext) }
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client may end its side with the last command and still read the answers.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: 65_536))
            .childChannelInitializer { channel in
                let id = registry.makeID()
                let isAdmitted = registry.add(id, channel)
                channel.closeFuture.whenComplete { _ in registry.remove(id) }
                return channel.eventLoop.makeCompletedFuture {
                    var tlsHandler: NIOSSLServerHandler?
                    if listener.isImplicitTLS, let context = configuration.tlsContext {
                        let handler = NIOSSLServerHandler(context: context)
                        try channel.pipeline.syncOperations.addHandler(handler)
                        tlsHandler = handler
                    }
                    let connection = SMTPServerConnection(
                        id: id, configuration: configuration, implicitTLSHandler: tlsHandler, isRefused: !isAdmitted, makeDelegate: makeDelegate)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .bind(to: listener.address)
            .get()
    }

    /// Stops listening, lets each connection finish the message on its way and tells it 421, and closes what is left when the time is over.
    package func shutdown(within limit: Duration) async {
        registry.beginShutdown()
        for listener in listeners { try? await listener.close() }
        for channel in registry.channels() { channel.pipeline.fireUserInboundEventTriggered(SMTPServerConnection.Quiesce()) }
        guard let eventLoop = listeners.first?.eventLoop else { return }
        let empty = eventLoop.makePromise(of: Void.self)
        registry.whenEmpty(empty)
        let registry = registry
        let deadline = eventLoop.scheduleTask(in: TimeAmount(limit)) {
            for channel in registry.channels() { channel.close(promise: nil) }
        }
        try? await empty.futureResult.get()
        deadline.cancel()
    }
}
