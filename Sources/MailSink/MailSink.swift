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
    private let group: MultiThreadedEventLoopGroup
    private let record: MailSinkRecord
    private let store: MailSinkStore?

    private init(
        server: SMTPServer, group: MultiThreadedEventLoopGroup, record: MailSinkRecord, store: MailSinkStore?, certificatePEM: String?
    ) {
        self.server = server
        self.addresses = server.addresses
        self.group = group
        self.record = record
        self.store = store
        self.certificatePEM = certificatePEM
    }

    /// Starts a sink on event loops of its own.
    ///
    /// - Throws: ``MailSinkError``, or the system's error when an address cannot be bound. Nothing is left running then.
    package static func start(_ configuration: MailSinkConfiguration) async throws -> MailSink {
        let certificate: SinkCertificate?
        switch configuration.tls {
        case .none: certificate = nil
        case .selfSigned: certificate = try .selfSigned(hostname: configuration.hostname)
        case .files(let chain, let key): certificate = try .read(certificate: chain, key: key)
        }
        var session = configuration.session
        session.hostname = configuration.hostname
        if certificate != nil { session.extensions.insert(.startTLS) }
        var serverConfiguration = SMTPServerConfiguration(session: session)
        serverConfiguration.tlsContext = try certificate?.serverContext()
        serverConfiguration.idleTimeout = configuration.idleTimeout
        serverConfiguration.maximumConnections = configuration.maximumConnections

        let store = try configuration.storeDirectory.map(MailSinkStore.init(directory:))
        let record = MailSinkRecord(configuration: configuration)
        let engine = MailSinkRuleEngine(configuration.rules)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops ?? System.coreCount)
        do {
            let server = try await SMTPServer.start(on: group, listeners: configuration.listeners, configuration: serverConfiguration) { connection in
                MailSinkDelegate(connection: connection, record: record, engine: engine, store: store, configuration: configuration)
            }
            return MailSink(server: server, group: group, record: record, store: store, certificatePEM: certificate?.pem)
        } catch {
            try? await group.shutdownGracefully()
            await store?.close()
            throw error
        }
    }

    /// Stops listening, ends all connections and waits until everything accepted is stored.
    ///
    /// - Parameter grace: how long messages on their way may take.
    package func stop(grace: Duration = .zero) async {
        await server.shutdown(within: grace)
        await store?.close()
        try? await group.shutdownGracefully()
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
