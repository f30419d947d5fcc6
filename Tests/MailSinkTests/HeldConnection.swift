import NIOCore
import NIOPosix

/// A connection that stays open.
final class HeldConnection: Sendable {
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let promise: EventLoopPromise<String>
        private var received = ""

        init(_ promise: EventLoopPromise<String>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            if received.hasSuffix("\r\n") { promise.succeed(received) }
        }

        func channelInactive(context: ChannelHandlerContext) { promise.succeed(received) }
    }

    private let channel: any Channel
    private let first: EventLoopFuture<String>

    private init(_ channel: any Channel, _ first: EventLoopFuture<String>) {
        self.channel = channel
        self.first = first
    }

    static func open(_ address: SocketAddress) async throws -> HeldConnection {
        let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(promise)) }
            }
            .connect(to: address)
            .get()
        return HeldConnection(channel, promise.futureResult)
    }

    func greeting() async throws -> String { try await first.get() }

    func close() async { try? await channel.close() }
}
