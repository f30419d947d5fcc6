import NIOCore
import NIOPosix
import NIOSSL

/// One connection, byte by byte as a test wants it.
final class Wire {
    /// An answer as it stood on the wire.
    struct Answer {
        var status: Int
        /// By lower-case name.
        var headers: [String: String]
        var body: String

        /// The error's kind, from its header.
        var errorType: String? { self.headers["x-amzn-errortype"] }
    }

    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received: [UInt8] = []

    private init(iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.iterator = iterator
        self.outbound = outbound
    }

    /// - Parameter tls: whether to speak TLS, trusting whatever certificate comes.
    static func connect<Result>(to address: SocketAddress, tls: Bool = false, _ body: (Wire) async throws -> Result) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls {
                        var configuration = TLSConfiguration.makeClientConfiguration()
                        configuration.certificateVerification = .none
                        let handler = try NIOSSLClientHandler(context: try NIOSSLContext(configuration: configuration), serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(Wire(iterator: inbound.makeAsyncIterator(), outbound: outbound))
        }
    }

    func send(_ text: String) async throws { try await self.outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await self.outbound.write(ByteBuffer(bytes: bytes)) }

    /// Says that nothing more will be sent.
    func finish() { self.outbound.finish() }

    /// The next answer, or nil when the connection ends without one.
    func answer(to method: String = "GET") async throws -> Answer? {
        while true {
            if let answer = self.parse(hasBody: method != "HEAD") { return answer }
            do {
                guard let part = try await self.iterator.next() else { return nil }
                self.received.append(contentsOf: part.readableBytesView)
            } catch is IOError {
                return nil
            }
        }
    }

    /// Whether the other side closes without another byte.
    func isClosed() async throws -> Bool {
        guard self.received.isEmpty else { return false }
        do {
            return try await self.iterator.next() == nil
        } catch is IOError {
            return true
        }
    }

    private func parse(hasBody: Bool) -> Answer? {
        guard let end = self.received.indices.first(where: { self.received[$0...].starts(with: Array("\r\n\r\n".utf8)) }) else { return nil }
        let lines = String(decoding: self.received[..<end], as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = String(parts[1].drop(while: { $0 == " " }))
        }
        let length = hasBody ? headers["content-length"].flatMap { Int($0) } ?? 0 : 0
        guard self.received.count >= end + 4 + length, let status = Int(lines[0].split(separator: " ")[1]) else { return nil }
        let body = String(decoding: self.received[(end + 4)..<(end + 4 + length)], as: UTF8.self)
        self.received.removeSubrange(..<(end + 4 + length))
        return Answer(status: status, headers: headers, body: body)
    }
}
