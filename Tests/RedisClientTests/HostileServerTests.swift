import NIOCore
import NIOPosix
import RedisClient
import Testing

/// A server that is none, or means harm.
@Suite struct HostileServerTests {
    /// Sends its bytes when something comes in, after a proper greeting if that is asked for.
    private final class Speaker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String
        private var isGreeted: Bool

        init(answer: String, greets: Bool) {
            self.answer = answer
            self.isGreeted = !greets
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = self.isGreeted ? self.answer : "+OK\r\n+PONG\r\n"
            self.isGreeted = true
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }

    private static func error(answer: String, greets: Bool = true) async throws -> RedisError? {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Speaker(answer: answer, greets: greets)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let configuration = RedisConfiguration(
            host: "127.0.0.1", port: server.localAddress?.port ?? 0, connections: 1, connectTimeout: .seconds(60), commandTimeout: .seconds(60))
        var error: RedisError?
        try await RedisFixture.withClient(configuration) { client in
            error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        }
        try await server.close()
        return error
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "$99999999999\r\n", "*999999999\r\n", String(repeating: "*1\r\n", count: 1000),
        String(repeating: "+", count: 100_000),
    ])
    func bytesThatAreNoReplyEndTheConnection(answer: String) async throws {
        let error = try await Self.error(answer: answer)
        #expect(error?.code == .protocolViolation && error?.mayHaveRun == true)
    }

    @Test func theSameInsteadOfAGreeting() async throws {
        let error = try await Self.error(answer: "$99999999999\r\n", greets: false)
        #expect(error?.code == .unreachable && (error?.cause as? RedisError)?.code == .protocolViolation)
    }

    @Test func answersNobodyAskedForEndTheConnection() async throws {
        let (host, count) = ("127.0.0.1", Counter())
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    count.up()
                    try channel.pipeline.syncOperations.addHandler(Speaker(answer: "+one\r\n+two\r\n", greets: true))
                }
            }
            .bind(host: host, port: 0).get()
        let configuration = RedisConfiguration(
            host: host, port: server.localAddress?.port ?? 0, connections: 1, connectTimeout: .seconds(60), commandTimeout: .seconds(60))
        try await RedisFixture.withClient(configuration) { client in
            let first = try await client.send(RedisCommand("PING"))
            #expect(first.text == "one")
            // Not "two", which was said before it was asked.
            #expect(try await client.send(RedisCommand("PING")).text == "one")
            #expect(count.value >= 2)
        }
        try await server.close()
    }
}
