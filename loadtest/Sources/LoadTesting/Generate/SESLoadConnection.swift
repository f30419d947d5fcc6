import MailSink
import AWSSignature
import ApusCore
import MailMessage
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Makes calls of the SES API v2, each signed, over one kept connection: `SendEmail` with raw content, and what a run needs besides.
final class SESLoadConnection: LoadConnection {
    private let channel: any Channel
    private let handler: SESAnswerHandler
    private let signers: [SigV4Signer]
    private let host: String
    private let maker: MessageMaker

    private init(channel: any Channel, handler: SESAnswerHandler, signers: [SigV4Signer], host: String, maker: MessageMaker) {
        self.channel = channel
        self.handler = handler
        self.signers = signers
        self.host = host
        self.maker = maker
    }

    /// Opens one. The future fails when that is not possible.
    static func open(
        to address: SocketAddress, entrance: SESEntrance, signers: [SigV4Signer], tls: NIOSSLContext?, maker: MessageMaker, on loop: any EventLoop
    ) -> EventLoopFuture<SESLoadConnection> {
        let host = entrance.host.utf8.contains(0x3A) ? "[\(entrance.host)]:\(entrance.port)" : "\(entrance.host):\(entrance.port)"
        // The certificate must be that of the name, or of the address where there is none.
        let name = (try? SocketAddress(ipAddress: entrance.host, port: 0)) == nil ? entrance.host : nil
        let handler = NIOLoopBound(SESAnswerHandler(), eventLoop: loop)
        return ClientBootstrap(group: loop).connectTimeout(.seconds(5)).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(handler.value)
                }
            }
            .connect(to: address).assumeIsolated()
            .map { SESLoadConnection(channel: $0, handler: handler.value, signers: signers, host: host, maker: maker) }.nonisolated()
    }

    var isUsable: Bool { channel.isActive && handler.isUsable }

    func send(_ call: LoadCall) -> EventLoopFuture<LoadAnswer> {
        var message: [UInt8] = []
        maker.write(sequence: call.sequence, from: call.from, to: call.recipients, size: call.size, date: [], stamped: false, to: &message)
        return post(Self.body(call, message: message), to: "/v2/email/outbound-emails", account: call.account, octets: message.count)
    }

    /// CreateConfigurationSet, for each of the accounts that the connection signs for.
    ///
    /// - Throws: ``LoadTestError`` when it is refused.
    static func createConfigurationSets(_ sets: [(name: String, pool: String?)], at entrance: SESEntrance) async throws {
        guard !sets.isEmpty else { return }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let address = try LoopbackGuard.resolve(host: entrance.host, port: entrance.port, mayLeave: false)
        let signers = entrance.keys.map { SigV4Signer(accessKeyID: $0.id, secret: $0.secret, region: entrance.region) }
        for (name, pool) in sets {
            let delivery = pool.map { ",\"DeliveryOptions\":{\"SendingPoolName\":\"\($0)\"}" } ?? ""
            for account in signers.indices {
                let answer = try await loop.flatSubmit {
                    open(to: address, entrance: entrance, signers: signers, tls: nil, maker: MessageMaker(run: 0, largest: 0), on: loop)
                        .assumeIsolated()
                        .flatMap { connection in
                            let answer = connection.post(
                                Array("{\"ConfigurationSetName\":\"\(name)\"\(delivery)}".utf8), to: "/v2/email/configuration-sets", account: account,
                                octets: 0)
                            answer.assumeIsolated().whenComplete { _ in connection.close() }
                            return answer
                        }.nonisolated()
                }.get()
                guard answer.outcome == .accepted else {
                    throw LoadTestError(.processFailed, "the configuration set \(name) was not created: status \(answer.code)")
                }
            }
        }
    }

    private func post(_ body: [UInt8], to path: String, account: Int, octets: Int) -> EventLoopFuture<LoadAnswer> {
        let headers = [("Host", host), ("Content-Type", "application/json")]
        let signed = signers[account % signers.count].headers(
            for: SignableRequest(method: "POST", path: path, headers: headers.map { (name: $0.0, value: $0.1) }),
            bodyHash: PayloadHash.hash(body), nowUnixSeconds: WallClock.now() / 1_000_000_000)
        var fields = HTTPHeaders(headers)
        for (name, value) in signed { fields.add(name: name, value: value) }
        fields.add(name: "Content-Length", value: String(body.count))
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: fields)
        let promise = channel.eventLoop.makePromise(of: LoadAnswer.self)
        handler.expect(promise, octets: octets)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return promise.futureResult
    }

    func close() {
        channel.close(promise: nil)
    }

    /// The request's JSON. Nothing in it needs escaping: addresses and names were checked.
    private static func body(_ call: LoadCall, message: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(message.count * 4 / 3 + 400)
        body.append(contentsOf: "{\"FromEmailAddress\":\"".utf8)
        body.append(contentsOf: call.from.utf8)
        body.append(contentsOf: "\",\"Destination\":{\"ToAddresses\":[".utf8)
        for (index, recipient) in call.recipients.enumerated() {
            if index > 0 { body.append(0x2C) }
            body.append(0x22)
            body.append(contentsOf: recipient.utf8)
            body.append(0x22)
        }
        body.append(contentsOf: "]},".utf8)
        if let name = call.configurationSet { body.append(contentsOf: "\"ConfigurationSetName\":\"\(name)\",".utf8) }
        body.append(contentsOf: "\"Content\":{\"Raw\":{\"Data\":\"".utf8)
        body.append(contentsOf: Base64.encode(message))
        body.append(contentsOf: "\"}}}".utf8)
        return body
    }
}
