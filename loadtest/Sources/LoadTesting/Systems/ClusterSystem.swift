import ChildProcesses
import FoundationEssentials
import Synchronization

/// Apus as a cluster: processes of each role on a Kafka, a Redis and a PostgreSQL that somebody else started, which must be empty.
///
/// A fault befalls one process: the next of those that are exposed to faults, in turn.
package final class ClusterSystem: MailSystem {
    /// What the processes share.
    package struct Engines: Sendable {
        /// `HOST:PORT`.
        package var kafka: String
        /// `redis://…`.
        package var redis: String
        /// `postgresql://…`.
        package var postgres: String
        /// Replicas of topics; 1 says that a lost broker may lose mail.
        package var replicas: Int

        package init(kafka: String, redis: String, postgres: String, replicas: Int = 1) {
            self.kafka = kafka
            self.redis = redis
            self.postgres = postgres
            self.replicas = replicas
        }
    }

    /// A kind of process.
    package enum Kind: String, Sendable, CaseIterable {
        case api, worker, mover, publisher
    }

    /// A process's place, which outlives it.
    private struct Seat: Sendable {
        let kind: Kind
        let number: Int
        var child: Child?

        var name: String { "\(self.kind.rawValue)-\(self.number)" }
    }

    private struct State {
        var seats: [Seat]
        var keys: [SESEntrance.Key] = []
        var version = "unknown"
        /// How many faults there were.
        var faults = 0
        /// Where the fault under way is.
        var victim: Int?
    }

    /// How large it is and what faults befall.
    package struct Size: Sendable {
        package var counts: [Kind: Int]
        /// Kinds whose processes are killed, stopped and restarted.
        package var exposed: Set<Kind>

        package init(apis: Int = 1, workers: Int, movers: Int = 1, publishers: Int = 0, exposed: Set<Kind> = Set(Kind.allCases)) {
            self.counts = [.api: apis, .worker: workers, .mover: movers, .publisher: publishers]
            self.exposed = exposed
        }
    }

    private let configuration: ApusSystem.Configuration
    private let size: Size
    private let port: Int
    private let settingsFile: String
    private let commands: ApusCommands
    private let state: Mutex<State>

    /// Chooses ports and writes the settings; nothing is started yet.
    package init(_ configuration: ApusSystem.Configuration, engines: Engines, size: Size) throws {
        self.configuration = configuration
        self.size = size
        self.port = try FreePort.find()
        self.settingsFile = "\(configuration.folder)/apus.json"
        self.commands = ApusCommands(program: configuration.program, place: ["--config", self.settingsFile])
        let seats = Kind.allCases.flatMap { kind in (0..<(size.counts[kind] ?? 0)).map { Seat(kind: kind, number: $0, child: nil) } }
        self.state = Mutex(State(seats: seats))
        try FileManager.default.createDirectory(atPath: configuration.folder, withIntermediateDirectories: true)
        var settings = configuration.settingsFile
        settings.set(.list([.text(engines.kafka)]), at: "kafka.brokers")
        settings.set(.text(engines.redis), at: "redis.url")
        settings.set(.text(engines.postgres), at: "postgres.url")
        settings.set(.number(Double(engines.replicas)), at: "kafka.replicas")
        settings.set(.number(Double(min(engines.replicas, 2))), at: "kafka.minimumInSyncReplicas")
        settings.set(.bool(engines.replicas < 2), at: "kafka.allowUnsafeReplicas")
        if configuration.settings["kafka.sessionTimeout"] == nil { settings.set(.text("6s"), at: "kafka.sessionTimeout") }
        // Of a throw-away installation.
        settings.set(.text(Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()), at: "security.masterKey")
        try JSONEncoder().encode(settings).write(to: URL(filePath: self.settingsFile))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: self.settingsFile)
    }

    package var description: MailSystemDescription {
        let counts = Kind.allCases.map { "\(self.size.counts[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        return MailSystemDescription(
            name: "Apus cluster", version: self.state.withLock { $0.version },
            entrance: "SES v2 SendEmail, raw content, SigV4 verified, HTTP on loopback",
            durability: "a 200 leaves when the brokers have acknowledged",
            signing: "RSA-2048, relaxed/relaxed",
            notes: ["processes: \(counts)", "\(self.configuration.connections) SMTP connections of each worker at most"] + self.configuration.notes)
    }

    package var entrance: LoadEntrance {
        .ses(SESEntrance(host: "127.0.0.1", port: self.port, keys: self.state.withLock { $0.keys }))
    }

    package var processIDs: [Int32] { self.state.withLock { $0.seats.compactMap { $0.child?.processID } } }

    package func start() async throws {
        let (isFirst, victim) = self.state.withLock { ($0.keys.isEmpty, $0.victim) }
        if let victim {
            try await self.start(victim)
            self.state.withLock { $0.victim = nil }
            return
        }
        if isFirst { _ = try await self.commands.run(["cluster", "init"]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in self.state.withLock({ $0.seats.indices }) { group.addTask { try await self.start(index) } }
            try await group.waitForAll()
        }
        guard isFirst else { return }
        let keys = try await self.commands.prepare(accounts: self.configuration.accounts, identities: self.configuration.identities)
        try await self.commands.createPools(self.configuration.pools)
        let version = try await self.commands.version()
        self.state.withLock { state in
            state.keys = keys
            state.version = version
        }
        if case .ses(let entrance) = self.entrance {
            try await SESLoadConnection.createConfigurationSets(self.configuration.configurationSets, at: entrance)
        }
    }

    private func start(_ index: Int) async throws {
        let seat = self.state.withLock { $0.seats[index] }
        var arguments = ["serve", "--roles", seat.kind.rawValue, "--config", self.settingsFile]
        if seat.kind == .api { arguments += ["--http", "127.0.0.1:\(seat.number == 0 ? self.port : 0)"] }
        let child = try await Child.start(name: "apus \(seat.name)", self.configuration.program, arguments, outputLimit: 100)
        self.state.withLock { $0.seats[index].child = child }
        _ = try await child.line(within: .seconds(60)) { $0.hasPrefix("apus: ready ") }
    }

    /// The next process that a fault befalls.
    private func chooseVictim() throws -> (index: Int, child: Child) {
        try self.state.withLock { state in
            let exposed = state.seats.indices.filter { self.size.exposed.contains(state.seats[$0].kind) }
            guard !exposed.isEmpty else { throw LoadTestError(.invalidScenario, "no process of this cluster is exposed to faults") }
            let index = exposed[state.faults % exposed.count]
            state.faults += 1
            state.victim = index
            guard let child = state.seats[index].child else { throw LoadTestError(.processFailed, "\(state.seats[index].name) does not run") }
            return (index, child)
        }
    }

    package func kill() async throws {
        try await self.chooseVictim().child.kill()
    }

    /// One process where a fault is under way or asked for; all of them at the end, those that take mail in first.
    package func stop(within limit: Duration) async throws {
        try await Self.stop(self.chooseVictim().child, within: limit)
    }

    private static func stop(_ child: Child, within limit: Duration) async throws {
        let end = try await child.stop(within: limit)
        guard end.isSuccess else { throw LoadTestError(.processFailed, "\(child.name) ended with \(end) at SIGTERM\n\(child.lastWords)") }
    }

    package func suspend() throws {
        try self.chooseVictim().child.signal(19)
    }

    package func resume() throws {
        self.state.withLock { state in
            state.victim.flatMap { state.seats[$0].child }?.signal(18)
            state.victim = nil
        }
    }

    package func queueDepth() async throws -> Int? { try await self.commands.queueDepth() }
    /// The broker that tests use takes the last batch of a partition for one record when it is asked for the end.
    package func outcomes() async throws -> SystemOutcomes? { try await self.commands.followedOutcomes() }

    package func remove() async {
        for child in self.state.withLock({ $0.seats.compactMap(\.child) }) { try? await child.kill() }
        try? FileManager.default.removeItem(atPath: self.settingsFile)
    }
}
