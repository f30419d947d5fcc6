import ChildProcesses
import LoadTesting
import NIOCore
import TestSupport

/// What the cluster of one test runs on: engines of its own, empty at its start and gone at its end; only Kafka may be an outside one
/// (`APUS_TEST_KAFKA`), where topics have a prefix of their own.
struct ClusterEngines: Sendable {
    /// Why there can be no cluster; nil when tests can run.
    static let missing = TestKafka.missing(libraryCanSpeak: true)

    let kafka: TestKafka
    let redis: RedisServer
    let postgres: PostgresServer
    /// Before the names of topics.
    let prefix: String
    /// The network between the processes and a broker of our own.
    var network: FaultyProxy?

    /// - Parameter network: whether everything to a broker of our own goes by way of ``network``.
    static func with<Value: Sendable>(network hasNetwork: Bool = false, _ body: (ClusterEngines) async throws -> Value) async throws -> Value {
        var network: FaultyProxy?
        let kafka: TestKafka
        if hasNetwork {
            let port = try FreePort.find()
            let broker = try await KafkaBroker.start(advertisedPort: port)
            network = try await FaultyProxy.start(to: try SocketAddress(ipAddress: broker.host, port: broker.port), port: port)
            kafka = TestKafka(broker: broker, bootstrapServers: "127.0.0.1:\(port)")
        } else {
            kafka = try await TestKafka.start()
        }
        let redis = try await RedisServer.start()
        let postgres = try await PostgresServer.start()
        let engines = ClusterEngines(
            kafka: kafka, redis: redis, postgres: postgres, prefix: TestKafka.uniqueName("test") + ".", network: network)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(engines))
        } catch {
            result = .failure(error)
        }
        await network?.stop()
        await kafka.stop()
        await redis.end()
        try? await postgres.stop()
        return try result.get()
    }

    /// Runs a scenario on a cluster.
    ///
    /// - Parameters:
    ///   - options: of `apus-loadtest run`, for the cluster's size.
    ///   - meanwhile: what is done once mail flows.
    func run(
        _ scenario: LoadScenario, _ options: [String], in stage: Stage, within limit: Duration,
        meanwhile: (@Sendable () async throws -> Void)? = nil
    ) async throws -> LoadReport {
        var scenario = scenario
        scenario.settings["kafka.topicPrefix"] = .text(self.prefix)
        let engines = ["--kafka", self.kafka.bootstrapServers, "--redis", "redis://127.0.0.1:\(self.redis.port)", "--postgres", self.postgres.uri()]
        return try await Scenarios.LoadHarness.run(
            scenario, in: stage.folder, more: engines + options, within: limit, meanwhile: meanwhile)
    }

    /// The settings file of a run under way in `stage`.
    static func settings(in stage: Stage) -> String { "\(Scenarios.LoadHarness.output(in: stage.folder))/apus/apus.json" }

    /// Runs an `apus` command on the cluster of a run under way in `stage`.
    static func command(_ arguments: [String], in stage: Stage) async throws -> String {
        let result = try await Child.run(Programs.apus, arguments + ["--config", Self.settings(in: stage)], within: .seconds(60))
        guard result.end.isSuccess else { throw ChildFailure("apus \(arguments.joined(separator: " ")): \(result.end)\n\(result.errors)") }
        return result.output
    }
}
