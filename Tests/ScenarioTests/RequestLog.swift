import ChildProcesses
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A web server that answers everything with 200 and remembers what was asked for.
final class RequestLog: Sendable {
    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let requests: Requests
        private var received = ""

        init(_ requests: Requests) { self.requests = requests }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            guard received.contains("\r\n\r\n") else { return }
            requests.add(received)
            received = ""
            let answer = ByteBuffer(staticString: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            context.writeAndFlush(wrapOutboundOut(answer)).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }

    private final class Requests: Sendable {
        let all = Mutex<[String]>([])
        let changed = ChangeSignal()

        func add(_ request: String) {
            all.withLock { $0.append(request) }
            changed.raise()
        }
    }

    private let channel: any Channel
    private let requests: Requests

    private init(channel: any Channel, requests: Requests) {
        self.channel = channel
        self.requests = requests
    }

    static func start() async throws -> RequestLog {
        let requests = Requests()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Answerer(requests)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RequestLog(channel: channel, requests: requests)
    }

    var address: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    /// Waits for so many requests and gives them, heads as they came.
    func until(count: Int, within limit: Duration) async throws -> [String] {
        let requests = requests
        return try await within(limit, "\(count) requests") {
            try await requests.changed.first {
                let all = requests.all.withLock { $0 }
                return all.count >= count ? all : nil
            }
        }
    }

    func stop() async { try? await channel.close() }
}
