internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
package import NIOCore
internal import NIOSSL
internal import ServiceLifecycle

/// The HTTP server of the SES API.
///
/// ```
/// C: POST /v2/email/outbound-emails HTTP/1.1, Authorization: AWS4-HMAC-SHA256 …
/// S: 200, x-amzn-RequestId: …, {"MessageId":"…"}
/// ```
///
/// Whether plain HTTP may be offered on an address that is not loopback is the caller's decision.
package struct SESServer: Service {
    private let configuration: Configuration
    private let responder: SESResponder
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    private let onBound: @Sendable (SocketAddress) async -> Void

    /// - Parameters:
    ///   - configuration: see ``Configuration``.
    ///   - api: what the server answers with.
    ///   - eventLoopGroup: where connections live.
    ///   - logger: for the server's own life; requests are logged at debug, without contents.
    ///   - onBound: is told the bound address once, when the server accepts connections.
    package init(
        configuration: Configuration, api: SESAPI, eventLoopGroup: any EventLoopGroup, logger: Logger = Logger(label: "apus.api"),
        onBound: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.responder = SESResponder(api: api)
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.onBound = onBound
    }

    /// How long requests under way may take once the server is to stop. Those who deliver stop after it, and wait meanwhile.
    private static let stopGrace = Duration.seconds(10)

    /// Serves until the service group shuts down: then no new connections, what is under way is answered, and connections close, after ten
    /// seconds at the latest.
    ///
    /// - Throws: when the address cannot be bound, or certificate and key cannot be used.
    package func run() async throws {
        let configuration = self.configuration
        let http = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionDeadlineHandler(configuration.timeouts)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: configuration.maximumHeaderFieldBytes, maxHeaderListSize: configuration.maximumHeaderBytes,
                    maxHeaderFieldCount: configuration.maximumHeaderFields)))
        let server = try configuration.tls.map { try HTTPServerBuilder.tls(http, tlsConfiguration: $0) } ?? http
        let onBound = self.onBound
        let application = Application(
            responder: self.responder,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: configuration.backlog,
                availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: self.logger)),
            onServerRunning: { channel in
                if let address = channel.localAddress { await onBound(address) }
            },
            eventLoopGroupProvider: .shared(self.eventLoopGroup),
            logger: self.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await application.run() } catch is CancellationError {}
            }
            group.addTask {
                // Cancelled when the application has ended by itself.
                do {
                    try await gracefulShutdown()
                    try await Task.sleep(for: Self.stopGrace)
                } catch {}
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
