package import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy that can cut and slow what passes: the network between a system and the sink.
package final class FaultyProxy: Sendable {
    private struct State {
        var isCut = false
        var delay = TimeAmount.zero
        var open: [ObjectIdentifier: any Channel] = [:]
    }

    package let address: SocketAddress
    private let group: MultiThreadedEventLoopGroup
    private let server: any Channel
    private let state: Box

    private final class Box: Sendable {
        let state = Mutex(State())
    }

    private init(address: SocketAddress, group: MultiThreadedEventLoopGroup, server: any Channel, state: Box) {
        self.address = address
        self.group = group
        self.server = server
        self.state = state
    }

    /// Listens on 127.0.0.1 and passes everything on to `target`.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - prepare: adds handlers to a connection that came, such as TLS, before what comes is passed on.
    package static func start(
        to target: SocketAddress, port: Int = 0, prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws -> FaultyProxy {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let box = Box()
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { inbound in
                guard box.state.withLock({ !$0.isCut }) else { return inbound.close() }
                let delay: @Sendable () -> TimeAmount = { box.state.withLock { $0.delay } }
                return ClientBootstrap(group: inbound.eventLoop).channelOption(.autoRead, value: false).connect(to: target).flatMap { outbound in
                    inbound.eventLoop.makeCompletedFuture {
                        try prepare(inbound)
                        try inbound.pipeline.syncOperations.addHandler(PassingHandler(to: outbound, delay: delay))
                        try outbound.pipeline.syncOperations.addHandler(PassingHandler(to: inbound, delay: delay))
                        box.state.withLock { state in for channel in [inbound, outbound] { state.open[ObjectIdentifier(channel)] = channel } }
                        for channel in [inbound, outbound] {
                            channel.closeFuture.whenComplete { _ in box.state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
                            }
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        guard let address = server.localAddress else { throw ChannelError.unknownLocalAddress }
        return FaultyProxy(address: address, group: group, server: server, state: box)
    }

    /// Closes all connections, and takes new ones only to close them, until ``restore()``.
    package func cut() {
        let channels = state.state.withLock { state in
            state.isCut = true
            return Array(state.open.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// From now on what comes goes on so much later, each way.
    package func slow(by delay: TimeAmount) {
        state.state.withLock { $0.delay = delay }
    }

    /// Ends ``cut()`` and ``slow(by:)``.
    package func restore() {
        state.state.withLock { state in
            state.isCut = false
            state.delay = .zero
        }
    }

    package func stop() async {
        try? await server.close()
        for channel in state.state.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
        try? await group.shutdownGracefully()
    }
}

/// Hands what one channel reads to the other, and reads on when that was written: a slow reader slows its writer.
private final class PassingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let delay: @Sendable () -> TimeAmount
    /// Keeps the order when the delay gets shorter.
    private var last = NIODeadline.now()

    init(to other: any Channel, delay: @escaping @Sendable () -> TimeAmount) {
        self.other = other
        self.delay = delay
    }

    /// Reading is asked for, piece by piece; one of the two channels is not active yet when its handler is added.
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { context.read() }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let (channel, other) = (context.channel, other)
        let due = max(context.eventLoop.now + delay(), last)
        last = due
        func pass() { other.writeAndFlush(bytes).whenSuccess { channel.read() } }
        if due <= context.eventLoop.now { return pass() }
        context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { pass() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        other.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
