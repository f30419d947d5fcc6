import ChildProcesses
package import AsyncHTTPClient
import Synchronization

/// What a scenario runs on: a folder of its own and processes that are gone when it ends. A failure carries their last words.
package final class Stage: Sendable {
    package let folder: ScratchFolder
    package let http: HTTPClient
    private let servers = Mutex<[ApusServer]>([])
    private let sinks = Mutex<[SinkProcess]>([])
    private let clients = Mutex<[HTTPClient]>([])

    private init() throws {
        self.folder = try ScratchFolder()
        self.http = SESClient.makeHTTPClient()
    }

    /// Runs a scenario.
    ///
    /// - Parameter limit: after this it has failed.
    /// - Throws: ``ScenarioFailure``.
    package static func run(within limit: Duration = .seconds(120), _ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        let stage = try Stage()
        do {
            try await ChildProcesses.within(limit, "the scenario") { try await body(stage) }
        } catch {
            let words = stage.lastWords
            await stage.close()
            throw ScenarioFailure(cause: error, lastWords: words)
        }
        await stage.close()
    }

    /// A server, not started yet.
    ///
    /// - Parameters:
    ///   - settings: beside those that every scenario has: short waits, no look at the user's resolver.
    ///   - arguments: further arguments of `serve`.
    ///   - http: the argument of `--http`; nil leaves it out.
    ///   - environment: variables for the server and its commands.
    package func makeServer(
        _ name: String = "data", settings: [String: any Sendable] = [:], arguments: [String] = [], http: String? = "127.0.0.1:0",
        environment: [String: String] = [:]
    ) throws -> ApusServer {
        let server = try ApusServer(
            folder: self.folder, name: name, settings: Self.settings.merging(settings) { $1 }, arguments: arguments, http: http,
            environment: environment)
        self.servers.withLock { $0.append(server) }
        return server
    }

    /// A server that runs, routes everything to `sink`, has the identity example.com and a key.
    package func startServer(
        to sink: SinkProcess, settings: [String: any Sendable] = [:], through wrapper: [String] = []
    ) async throws -> (server: ApusServer, client: SESClient) {
        let server = try self.makeServer(settings: settings, arguments: ["--route", "*=\(sink.address)"])
        try await server.start(through: wrapper)
        return (server, try await self.makeClient(of: server))
    }

    /// A key of an account with the identity example.com, and a client that signs with it.
    package func makeClient(of server: ApusServer) async throws -> SESClient {
        let key = try await server.createKey()
        try await server.createVerifiedIdentity("example.com")
        return SESClient(key: key, http: self.http)
    }

    /// A client for HTTPS that trusts one certificate and no other; closed with the stage.
    package func makeHTTPClient(trusting certificate: ServerCertificate) -> HTTPClient {
        let client = SESClient.makeHTTPClient(trusting: certificate.file)
        self.clients.withLock { $0.append(client) }
        return client
    }

    /// A sink that runs.
    package func startSink(
        _ name: String = "sink", host: String = "127.0.0.1", port: Int = 0, rules: [SinkRule] = [], tls: Bool = false
    ) async throws -> SinkProcess {
        let sink = try await SinkProcess.start(folder: self.folder, name: name, host: host, port: port, rules: rules, tls: tls)
        self.sinks.withLock { $0.append(sink) }
        return sink
    }

    /// Seconds where an installation waits minutes and hours.
    package static let settings: [String: any Sendable] = [
        "sending.domain": "mail.apus.test", "delivery.ehlo": "mail.apus.test", "delivery.allowLoopback": true,
        "accounts.maximumSendRate": 1_000_000, "delivery.timeouts.idle": "300ms",
        "delivery.retry.intervals": ["300ms", "500ms", "1s"], "delivery.retry.jitter": 0,
        "delivery.retry.tiers": ["100ms", "200ms", "500ms", "1s", "2s", "5s", "10s"],
        // Nobody listens there: a scenario that needs DNS names its own server.
        "delivery.dns.servers": ["127.0.0.1@9"],
        // The zones of tests are not signed by the root.
        "delivery.dns.validation": "off",
    ]

    private var lastWords: String {
        (self.servers.withLock { $0.map(\.lastWords) } + self.sinks.withLock { $0.map(\.child.lastWords) }).joined(separator: "\n")
    }

    private func close() async {
        for server in self.servers.withLock({ $0 }) { try? await server.kill() }
        for sink in self.sinks.withLock({ $0 }) { try? await sink.child.kill() }
        for client in self.clients.withLock({ $0 }) + [self.http] { try? await client.shutdown() }
        self.folder.remove()
    }
}
