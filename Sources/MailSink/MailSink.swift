package import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import SMTPTransport

/// An SMTP server that takes everything and delivers nothing: it counts, keeps or stores messages, and misbehaves by rules.
///
/// ```swift
/// let sink = try await MailSink.start(.loopback())
/// defer { await sink.stop() }
/// // … send to sink.addresses[0] …
/// await sink.waitForMessages(10)
/// ```
package final class MailSink: Sendable {
    /// What it listens on, in the order of the listeners.
    package let addresses: [SocketAddress]
    /// The certificate to trust, in PEM; nil without TLS.
    package let certificatePEM: String?

    private let server: SMTPServer
    /// nil when it is somebody else's.
    private let ownGroup: MultiThreadedEventLoopGroup?
    private let record: MailSinkRecord
    private let store: MailSinkStore?

    private init(
        server: SMTPServer, ownGroup: MultiThreadedEventLoopGroup?, record: MailSinkRecord, store: MailSinkStore?, certificatePEM: String?
    ) {
        self.server = server
        self.addresses = server.addresses
        self.ownGroup = ownGroup
        self.record = record
        self.store = store
        self.certificatePEM = certificatePEM
    }

    /// Starts a sink.
    ///
    /// - Parameter group: event loops that it shares with others and does not stop; nil gives it loops of its own.
    /// - Throws: ``MailSinkError``, or the system's error when an address cannot be bound. Nothing is left running then.
    package static func start(_ configuration: MailSinkConfiguration, on group: (any EventLoopGroup)? = nil) async throws -> MailSink {
        try await start(configuration, shared: MailSinkShared(group: group))
    }

    static func start(_ configuration: MailSinkConfiguration, shared: MailSinkShared) async throws -> MailSink {
        let certificate = try certificate(for: configuration)
        var session = configuration.session
        session.hostname = configuration.hostname
        if certificate != nil || configuration.encryption == .broken { session.extensions.insert(.startTLS) }
        // Our own limits refuse before the session's do, and what they refuse is no error of the client.
        if let limit = configuration.limits.recipientsPerMessage { session.recipients = max(session.recipients, limit.count + 1) }
        if !configuration.limits.isEmpty { session.errors = max(session.errors, Self.errorsWithLimits) }
        var serverConfiguration = SMTPServerConfiguration(session: session)
        serverConfiguration.tlsContext = try certificate?.serverContext()
        serverConfiguration.idleTimeout = configuration.idleTimeout
        serverConfiguration.maximumConnections = configuration.maximumConnections

        let store = try configuration.storeDirectory.map { try MailSinkStore(directory: $0, threads: shared.storeThreads) }
        let record = MailSinkRecord(configuration: configuration, sabotage: shared.sabotage)
        let engine = MailSinkRuleEngine(configuration.rules, clock: configuration.clock)
        let limiter = configuration.limits.areShared ? MailSinkLimiter(configuration.limits, clock: configuration.clock) : nil
        let ownGroup = shared.group == nil ? MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops ?? System.coreCount) : nil
        guard let group = shared.group ?? ownGroup else { preconditionFailure("a sink has event loops") }
        do {
            let server = try await SMTPServer.start(on: group, listeners: configuration.listeners, configuration: serverConfiguration) { connection in
                MailSinkDelegate(
                    connection: connection, record: record, engine: engine, limiter: limiter, store: store, configuration: configuration)
            }
            return MailSink(server: server, ownGroup: ownGroup, record: record, store: store, certificatePEM: certificate?.pem)
        } catch {
            try? await ownGroup?.shutdownGracefully()
            await store?.close()
            throw error
        }
    }

    /// Refused commands before a connection is closed, where refusing is what a sink with limits is for.
    private static var errorsWithLimits: Int { 10_000 }

    private static func certificate(for configuration: MailSinkConfiguration) throws -> SinkCertificate? {
        switch (configuration.encryption, configuration.tls) {
        case (.none, _), (.broken, _), (.optional, .none): nil
        case (.required, .none), (_, .selfSigned): try .selfSigned(hostname: configuration.hostname)
        case (_, .files(let chain, let key)): try .read(certificate: chain, key: key)
        }
    }

    /// Stops listening, ends all connections and waits until everything accepted is stored.
    ///
    /// - Parameter grace: how long messages on their way may take.
    package func stop(grace: Duration = .zero) async {
        await server.shutdown(within: grace)
        await store?.close()
        try? await ownGroup?.shutdownGracefully()
    }

    package var statistics: MailSinkStatistics { record.statistics }

    /// The latest messages, oldest first, as many as the configuration keeps.
    package var messages: [MailSinkMessage] { record.messages }

    /// Copies accepted by id, when they are counted.
    package var copies: [String: Int] { record.copies }

    /// Waits until so many messages have been accepted. False when the task was cancelled before.
    @discardableResult
    package func waitForMessages(_ count: Int) async -> Bool {
        await record.wait { $0.messages >= count }
    }

    /// Waits until no connection is open. False when the task was cancelled before.
    @discardableResult
    package func waitUntilIdle() async -> Bool {
        await record.wait { $0.openConnections == 0 }
    }

    /// Waits until the statistics satisfy a condition. False when the task was cancelled before.
    @discardableResult
    package func wait(until isMet: @escaping @Sendable (MailSinkStatistics) -> Bool) async -> Bool {
        await record.wait(until: isMet)
    }
}
