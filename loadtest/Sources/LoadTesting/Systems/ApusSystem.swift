import ChildProcesses
import FoundationEssentials
import NIOCore
import NIOPosix
import Synchronization

/// Apus as one process on the embedded backends, started from its executable.
package final class ApusSystem: MailSystem {
    /// How an Apus under test is set up.
    package struct Configuration: Sendable {
        /// The executable.
        package var program: String
        /// A folder of its own; made when missing.
        package var folder: String
        /// Where everything is delivered.
        package var sink: SinkAddress
        package var connections: Int
        /// By dotted name; goes before what a run sets.
        package var settings: [String: JSONValue]
        /// Domains that senders are in: verified without a look-up.
        package var identities: [String]
        package var accounts = 1
        /// Made in each account, with the pool of each.
        package var configurationSets: [(name: String, pool: String?)] = []
        package var pools: [String: LoadScenario.Pool] = [:]

        /// As a scenario wants it.
        package init(program: String, folder: String, sink: SinkAddress, scenario: LoadScenario) {
            self.program = program
            self.folder = folder
            self.sink = sink
            connections = scenario.connections
            settings = scenario.settings
            identities = scenario.senderDomains
            accounts = scenario.accounts
            pools = scenario.pools
            let pooled = scenario.pools.flatMap { pool in pool.value.configurationSets.map { ($0, pool.key) } }
            let poolOfSet = Dictionary(pooled, uniquingKeysWith: { first, _ in first })
            configurationSets = Set(scenario.streams.flatMap(\.configurationSets.keys)).sorted().map { ($0, poolOfSet[$0]) }
        }

        /// What a run changed of the settings, one each.
        var notes: [String] { settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.plainText)" } }

        /// All settings, as the file of them has them.
        var settingsFile: JSONValue {
            var file = JSONValue.object([:])
            var own: [String: JSONValue] = [
                "sending.domain": .text("apus.load.test"), "accounts.maximumSendRate": .number(1_000_000), "delivery.tls": .text("none"),
                "delivery.connectionsPerSite": .number(Double(connections)), "delivery.messagesPerConnection": .number(10_000),
                "log.level": .text("notice"), "delivery.dns.validation": .text("off"),
            ]
            if let resolver = sink.resolver {
                own["delivery.dns.servers"] = .list([.text(resolver)])
                own["delivery.port"] = .number(Double(sink.address.port ?? 25))
                own["delivery.allowLoopback"] = .bool(true)
                // Certificates of a sink are its own; whether TLS is offered, required or broken is the providers' business.
                own["delivery.tls"] = .text("opportunistic")
            } else {
                let host = sink.address.ipAddress ?? "127.0.0.1"
                own["delivery.routes"] = .list([.text("*=\(host.utf8.contains(0x3A) ? "[\(host)]" : host):\(sink.address.port ?? 25)")])
                // Nobody listens there: a run asks no resolver.
                own["delivery.dns.servers"] = .list([.text("127.0.0.1@9")])
            }
            for (name, value) in own.merging(settings, uniquingKeysWith: { $1 }) { file.set(value, at: name) }
            return file
        }
    }

    private struct State {
        var child: Child?
        var keys: [SESEntrance.Key] = []
        var version = "unknown"
    }

    private let configuration: Configuration
    private let port: Int
    private let data: String
    private let settingsFile: String
    private let commands: ApusCommands
    private let state = Mutex(State())

    /// Chooses a port and writes the settings; nothing is started yet.
    package init(_ configuration: Configuration) async throws {
        self.configuration = configuration
        port = try FreePort.find()
        data = "\(configuration.folder)/data"
        settingsFile = "\(configuration.folder)/apus.json"
        commands = ApusCommands(program: configuration.program, place: ["--data", data, "--config", settingsFile])
        try FileManager.default.createDirectory(atPath: configuration.folder, withIntermediateDirectories: true)
        try JSONEncoder().encode(configuration.settingsFile).write(to: URL(filePath: settingsFile))
    }

    package var description: MailSystemDescription {
        MailSystemDescription(
            name: "Apus", version: state.withLock { $0.version }, entrance: "SES v2 SendEmail, raw content, SigV4 verified, HTTP on loopback",
            durability: "a 200 leaves after a sync that covers its record", signing: "RSA-2048, relaxed/relaxed",
            notes: ["\(configuration.connections) SMTP connections at most"] + configuration.notes)
    }

    package var entrance: LoadEntrance {
        .ses(SESEntrance(host: "127.0.0.1", port: port, keys: state.withLock { $0.keys }))
    }

    package var processIDs: [Int32] { state.withLock { $0.child.map { [$0.processID] } ?? [] } }

    package func start() async throws {
        let arguments = ["serve", "--data", data, "--http", "127.0.0.1:\(port)", "--config", settingsFile]
        let child = try await Child.start(name: "apus serve", configuration.program, arguments, outputLimit: 100)
        state.withLock { $0.child = child }
        _ = try await child.line(within: .seconds(60)) { $0.hasPrefix("apus: ready ") }
        if state.withLock({ $0.keys.isEmpty }) { try await prepare() }
    }

    /// Accounts, keys and identities, once.
    private func prepare() async throws {
        let keys = try await commands.prepare(accounts: configuration.accounts, identities: configuration.identities)
        state.withLock { $0.keys = keys }
        try await commands.createPools(configuration.pools)
        if case .ses(let entrance) = entrance {
            try await SESLoadConnection.createConfigurationSets(configuration.configurationSets, at: entrance)
        }
        let version = try await commands.version()
        state.withLock { $0.version = version }
    }

    package func kill() async throws {
        try await child().kill()
    }

    package func stop(within limit: Duration) async throws {
        let end = try await child().stop(within: limit)
        guard end.isSuccess else { throw LoadTestError(.processFailed, "apus ended with \(end) at SIGTERM\n\(try child().lastWords)") }
    }

    package func suspend() throws { try child().signal(19) }
    package func resume() throws { try child().signal(18) }

    private func child() throws -> Child {
        guard let child = state.withLock({ $0.child }) else { throw LoadTestError(.processFailed, "apus does not run") }
        return child
    }

    package func queueDepth() async throws -> Int? { try await commands.queueDepth() }
    package func outcomes() async throws -> SystemOutcomes? { try await commands.outcomes() }

    package func remove() async {
        try? await state.withLock { $0.child }?.kill()
        try? FileManager.default.removeItem(atPath: data)
    }
}
