import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import Testing

/// A server that takes a message a little at a time, always just in time.
@Suite(.timeLimit(.minutes(1))) struct SlowReaderTests {
    /// Answers what is asked, and reads a block of content every 20 ms.
    private final class SlowServer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var received = ""
        private var isInContent = false

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "220 slow.test ESMTP\r\n")), promise: nil)
            context.read()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !isInContent else { return }
            received += String(buffer: unwrapInboundIn(data))
            while !isInContent, let end = received.firstRange(of: "\r\n") {
                let line = received[..<end.lowerBound]
                isInContent = line == "DATA"
                let answer = isInContent ? "354 Go ahead\r\n" : "250 OK\r\n"
                received.removeSubrange(..<end.upperBound)
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            }
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            guard isInContent else { return context.read() }
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.value.eventLoop.scheduleTask(in: .milliseconds(20)) { context.value.read() }
        }
    }

    @Test func contentThatIsTakenTooSlowlyIsGivenUp() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(SlowServer()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let loop = group.next()
        var session = SMTPClientSession.Configuration(helloName: "client.test")
        session.tlsPolicy = .none
        var configuration = SMTPClientConfiguration(session: session)
        configuration.timeouts.content = .seconds(1)
        // So that a second is about all that the message has.
        configuration.timeouts.minimumContentRate = 1 << 30
        let connection = try await SMTPConnection.connect(
            to: try #require(server.localAddress), configuration: configuration, on: loop
        ).get()
        let transaction = SMTPTransaction(
            sender: SMTPAddress("a@x.y"), recipients: [try #require(SMTPAddress("b@x.y"))],
            content: SMTPContent(ByteBuffer(string: "Subject: x\r\n\r\n" + String(repeating: "0123456789\r\n", count: 4_000_000))))
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await loop.flatSubmit { connection.send(transaction) }.get()
        // Its own limit is a second a block, and a block comes every 20 ms.
        #expect(result.recipients == [.interrupted(SMTPInterruption(stage: .content, cause: .timedOut))])
        #expect(clock.now - start >= .seconds(1))
        try await server.close()
    }
}
