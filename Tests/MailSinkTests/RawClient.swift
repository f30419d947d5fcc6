import NIOCore
import NIOPosix

/// Writes octets to a server and reads until it closes the connection.
enum RawClient {
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let text: ByteBuffer
        private let endsItsSide: Bool
        private let promise: EventLoopPromise<String>
        private var received = ByteBuffer()

        init(_ text: String, endsItsSide: Bool, _ promise: EventLoopPromise<String>) {
            self.text = ByteBuffer(string: text)
            self.endsItsSide = endsItsSide
            self.promise = promise
        }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(text), promise: nil)
            if endsItsSide { context.close(mode: .output, promise: nil) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            received.writeBuffer(&buffer)
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.succeed(String(buffer: received))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    /// The replies to everything, given at once; the text should end with `QUIT`, or the client end its side.
    static func talk(_ text: String, endsItsSide: Bool = false, to address: SocketAddress) async throws -> String {
        let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String.self)
        _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(text, endsItsSide: endsItsSide, promise))
                }
            }
            .connect(to: address)
            .get()
        return try await promise.futureResult.get()
    }

    /// Sends the parts, the second one after the first reply to `DATA`, and gives up: the connection is closed without waiting for more.
    static func giveUp(after text: String, _ rest: String, to address: SocketAddress) async throws {
        let hasAskedForContent = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Prompt(hasAskedForContent)) }
            }
            .connect(to: address)
            .get()
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
        try await hasAskedForContent.futureResult.get()
        try await channel.writeAndFlush(ByteBuffer(string: rest)).get()
        try await channel.close().get()
    }

    /// Waits for 354.
    private final class Prompt: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let promise: EventLoopPromise<Void>
        private var received = ""

        init(_ promise: EventLoopPromise<Void>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            if received.contains("354 ") { promise.succeed() }
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(ChannelError.eof)
        }
    }

    static func message(from sender: String = "a@x.y", to recipients: [String] = ["b@x.y"], content: String = "Subject: x\r\n\r\nhello\r\n") -> String
    {
        "MAIL FROM:<\(sender)>\r\n" + recipients.map { "RCPT TO:<\($0)>\r\n" }.joined() + "DATA\r\n" + content + ".\r\n"
    }
}
