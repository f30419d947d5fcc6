import AWSSignature
import ApusCore
import Backends
import ControlPlane
import Intake
import Logging
import NIOCore
import NIOPosix
import SESInterface
import SESModel
import TestBackends

/// A server on loopback with backends in memory and a clock that stands still.
struct ServerFixture {
    static let now = UnixMilliseconds(1_768_478_400_000)
    static let nowSeconds: Int64 = 1_768_478_400

    let bus = RecordingBus()
    let throttling = MemoryThrottling()
    let store = MemoryStateStore()
    let budget = ByteBudget(limit: 128 << 20)
    let controlPlane: ControlPlane
    let account: Account
    let key: AccessKey
    private let api: SESAPI

    init(isReady: Bool = true) async throws {
        let ring = try MasterKeyRing(text: MasterKeyRing.generateKeyText(), source: "test")
        self.controlPlane = ControlPlane(
            store: self.store, sealer: SecretSealer(ring: ring), configuration: .init(dkimZone: "dkim.example.org", domain: "example.org"),
            now: { Self.now })
        try await self.controlPlane.load()
        self.account = try await self.controlPlane.createAccount(name: "main")
        self.key = try await self.controlPlane.createAccessKey(account: self.account.id)
        try await self.controlPlane.createIdentity(name: "sender@example.com", account: self.account.id, verified: true)
        let intake = Intake(
            controlPlane: self.controlPlane, bus: self.bus, bodies: MemoryBodyStore(), throttling: self.throttling,
            budget: ByteBudget(limit: 256 << 20), configuration: .init(sendingDomain: "mail.example.org"), now: { Self.now })
        self.api = SESAPI(
            controlPlane: self.controlPlane, intake: intake, quotas: self.throttling, budget: self.budget, isReady: { isReady },
            nowUnixSeconds: { Self.nowSeconds })
    }

    /// Runs a server around `body`.
    func serve<Result: Sendable>(
        timeouts: ConnectionTimeouts = ConnectionTimeouts(), configure: (inout SESServer.Configuration) -> Void = { _ in },
        _ body: @Sendable @escaping (SocketAddress) async throws -> Result
    ) async throws -> Result {
        let (addresses, continuation) = AsyncStream.makeStream(of: SocketAddress.self)
        var configuration = SESServer.Configuration(timeouts: timeouts)
        configure(&configuration)
        let server = self.server(configuration) { continuation.yield($0) }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.run()
                return nil
            }
            group.addTask {
                var iterator = addresses.makeAsyncIterator()
                guard let address = await iterator.next() else { throw CancellationError() }
                return try await body(address)
            }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }

    /// A server that is not running yet.
    func server(_ configuration: SESServer.Configuration, onBound: @escaping @Sendable (SocketAddress) -> Void) -> SESServer {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return SESServer(
            configuration: configuration, api: self.api, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
            onBound: { onBound($0) })
    }

    /// The head of a signed request, and its body after it.
    ///
    /// - Parameters:
    ///   - secret: replaces the key's.
    ///   - bodyHashHeader: whether the body's hash is declared.
    func request(
        _ method: String, _ target: String, body: String = "", headers: [(name: String, value: String)] = [], keyID: String? = nil,
        secret: String? = nil, region: String = "us-east-1", at seconds: Int64 = ServerFixture.nowSeconds, bodyHashHeader: Bool = false,
        contentLength: Int? = nil
    ) -> (head: String, body: String) {
        let hash = PayloadHash.hash(body.utf8)
        var signable = SignableRequest(method: method, target: target, headers: [(name: "host", value: "email.example.org")] + headers)
        if method == "POST" || method == "PUT" { signable.headers.append((name: "content-type", value: "application/json")) }
        if bodyHashHeader {
            let hex = hash.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
            signable.headers.append((name: "x-amz-content-sha256", value: hex))
        }
        let signer = SigV4Signer(accessKeyID: keyID ?? self.key.id, secret: secret ?? self.key.secret, region: region)
        let added = signer.headers(for: signable, bodyHash: hash, nowUnixSeconds: seconds)
        var head = "\(method) \(target) HTTP/1.1\r\n"
        for (name, value) in signable.headers + added { head += "\(name): \(value)\r\n" }
        if method == "POST" || method == "PUT" || contentLength != nil { head += "Content-Length: \(contentLength ?? body.utf8.count)\r\n" }
        return (head + "\r\n", body)
    }

    /// Sends one signed request over a connection of its own.
    func call(
        _ address: SocketAddress, _ method: String, _ target: String, body: String = "", headers: [(name: String, value: String)] = [],
        keyID: String? = nil, secret: String? = nil, region: String = "us-east-1", at seconds: Int64 = ServerFixture.nowSeconds,
        bodyHashHeader: Bool = false
    ) async throws -> Wire.Answer? {
        let request = self.request(
            method, target, body: body, headers: headers, keyID: keyID, secret: secret, region: region, at: seconds,
            bodyHashHeader: bodyHashHeader)
        return try await Wire.connect(to: address) { wire in
            try await wire.send(request.head + request.body)
            return try await wire.answer(to: method)
        }
    }

    static let simple =
        #"{"FromEmailAddress":"sender@example.com","Destination":{"ToAddresses":["x@example.net"]},"Content":{"Simple":{"Subject":{"Data":"s"},"Body":{"Text":{"Data":"t"}}}}}"#
}
