import MailSink
import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import SMTPTransport

/// A sink with rules and a client that talks to it over loopback.
struct TransportHarness {
    let sink: MailSink
    var configuration: SMTPClientConfiguration

    static let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

    /// The limit of a stage where the server is silent. All other stages get a limit that a busy machine does not reach.
    static let patience = Duration.milliseconds(200)

    static func timeouts(silentAt stage: SMTPStage?) -> SMTPTimeouts {
        var timeouts = SMTPTimeouts(all: .seconds(60))
        switch stage {
        case .banner: timeouts.banner = patience
        case .hello: timeouts.hello = patience
        case .startTLS: timeouts.startTLS = patience
        case .tlsHandshake: timeouts.tlsHandshake = patience
        case .reset: timeouts.reset = patience
        case .mail: timeouts.mail = patience
        case .recipient: timeouts.recipient = patience
        case .data: timeouts.data = patience
        case .content: timeouts.content = patience
        case .finalDot: timeouts.finalDot = patience
        case .quit: timeouts.quit = patience
        case .connect, .idle, nil: break
        }
        return timeouts
    }

    init(rules: [MailSinkRule] = [], change: (inout MailSinkConfiguration) -> Void = { _ in }) async throws {
        var sinkConfiguration = try MailSinkConfiguration.loopback()
        sinkConfiguration.rules = MailSinkRules(rules)
        sinkConfiguration.keptMessages = 100
        sinkConfiguration.loops = 1
        change(&sinkConfiguration)
        sink = try await MailSink.start(sinkConfiguration)
        var session = SMTPClientSession.Configuration(helloName: "client.example.com")
        session.tlsPolicy = .none
        configuration = SMTPClientConfiguration(session: session, tlsContext: try Self.tlsContext())
    }

    static func tlsContext(trusting pem: String? = nil) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let pem {
            tls.trustRoots = .certificates([try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)])
        } else {
            tls.certificateVerification = .none
        }
        return try NIOSSLContext(configuration: tls)
    }

    func connect() async throws -> SMTPConnection {
        try await SMTPConnection.connect(to: sink.addresses[0], serverName: "localhost", configuration: configuration, on: Self.eventLoop).get()
    }

    static func send(_ transaction: SMTPTransaction, on connection: SMTPConnection) async throws -> SMTPTransactionResult {
        try await eventLoop.flatSubmit { connection.send(transaction) }.get()
    }

    static func quit(_ connection: SMTPConnection) async throws {
        try await eventLoop.flatSubmit { connection.quit() }.get()
    }

    static func isReusable(_ connection: SMTPConnection) async throws -> Bool {
        try await eventLoop.submit { connection.isReusable }.get()
    }

    static func transaction(recipients: [String] = ["b@example.net"], content: String = "Subject: x\r\n\r\nhello\r\n") -> SMTPTransaction {
        SMTPTransaction(
            sender: SMTPAddress("a@example.com"), recipients: recipients.compactMap { SMTPAddress($0) },
            content: SMTPContent(ByteBuffer(string: content)))
    }

    /// Stops the sink once every connection is gone: hangs, and so fails by the time limit, when one has leaked.
    func stop() async {
        await sink.waitUntilIdle()
        await sink.stop()
    }
}
