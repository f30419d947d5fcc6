import ChildProcesses
import Foundation
import LoadTesting
import MailSink
import NIOCore
import TestSupport
import Testing

extension Scenarios {
    /// A cluster whose engines go away under load and come back: nothing that was answered is lost, and nothing is sent twice.
    @Suite(.enabled(if: ClusterEngines.missing == nil))
    struct ClusterOutages {
        /// How long an engine is away.
        private static var outage: Duration { Programs.isSoak ? .seconds(30) : .seconds(6) }

        /// Load at a steady rate, so that machines keep up, with refusals and deferrals; nothing lost, nothing doubled.
        ///
        /// - Parameter doubled: copies that may come.
        static func scenario(rate: Double = 150, seconds: Double, doubled: Double? = 0) throws -> LoadScenario {
            var scenario = try ScenarioFile.load("kill-storm")
            scenario.name = "engine-outage"
            scenario.faults = []
            scenario.streams[0].rate = rate
            scenario.streams[0].concurrency = 200
            scenario.streams[0].duration = ScenarioNumber(seconds * 1000)
            scenario.conditions = ["misreported", "lost", "altered", "strangers", "refused"].map { LoadScenario.Condition(measure: $0, atMost: 0) }
            if let doubled { scenario.conditions.append(LoadScenario.Condition(measure: "doubled", atMost: doubled)) }
            return scenario
        }

        /// Runs with an engine that is away for a while.
        private static func run(
            _ what: String, away: @escaping @Sendable (ClusterEngines) async throws -> Void,
            back: @escaping @Sendable (ClusterEngines, Stage) async throws -> Void
        ) async throws {
            try await Stage.run(within: .seconds(300)) { stage in
                let seconds = Double(Self.outage.components.seconds) + 8
                let report = try await ClusterEngines.with { engines in
                    try await engines.run(try Self.scenario(seconds: seconds), ["--workers", "2"], in: stage, within: .seconds(280)) {
                        try await Task.sleep(for: .seconds(2))
                        try await away(engines)
                        try await Task.sleep(for: Self.outage)
                        try await back(engines, stage)
                    }
                }
                print("cluster, \(what) away for \(Self.outage): \(report.messages) \(report.recipients)")
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }

        /// Redis answers nobody.
        @Test
        func redisAway() async throws {
            try await Self.run("Redis", away: { $0.redis.freeze() }, back: { engines, _ in engines.redis.thaw() })
        }

        /// PostgreSQL crashes and recovers. A process that publishes events shows how it and its engines do.
        @Test
        func postgresAway() async throws {
            let metrics = "127.0.0.1:\(try FreePort.find())"
            try await Self.run(
                "PostgreSQL", away: { try await $0.postgres.kill() },
                back: { engines, stage in
                    try await engines.postgres.resume()
                    let publisher = try await Child.start(
                        name: "apus serve", Programs.apus,
                        ["serve", "--roles", "publisher,mover", "--metrics", metrics, "--config", ClusterEngines.settings(in: stage)],
                        outputLimit: 100)
                    do {
                        try await eventually(within: .seconds(60), "metrics of every engine", every: .milliseconds(200)) { () -> Void? in
                            guard let page = try? await MetricsPage.read(metrics, by: stage.http) else { return nil }
                            let isComplete =
                                page["apus_workers"] == 2 && page["apus_pools_without_worker"] == 0
                                && page[#"apus_topic_waiting_records{topic="apus.events"}"#] != nil
                                && page[#"apus_topic_waiting_records{topic="apus.retry.1m"}"#] != nil
                                && (page[#"apus_publisher_events_total{type="Delivery"}"#] ?? 0) > 0
                                && page["apus_kafka_brokers_up"] == 1 && (page["apus_kafka_assigned_partitions"] ?? 0) > 0
                                && (page["apus_redis_connections_up"] ?? 0) > 0
                                && (page[#"apus_postgres_connects_total{client="state"}"#] ?? 0) > 0
                            return isComplete ? () : nil
                        }
                        #expect(try await publisher.stop(within: .seconds(60)).isSuccess)
                    } catch {
                        try? await publisher.kill()
                        throw error
                    }
                })
        }

        /// The brokers answer nobody; then connections to them are cut, and no new one lives; then they are slow.
        @Test(.enabled(if: TestKafka.outside == nil))
        func kafkaAway() async throws {
            try await Stage.run(within: .seconds(400)) { stage in
                let seconds = Double(Self.outage.components.seconds) * 3 + 12
                let report = try await ClusterEngines.with(network: true) { engines in
                    try await engines.run(try Self.scenario(seconds: seconds), ["--workers", "2"], in: stage, within: .seconds(380)) {
                        let network = try #require(engines.network)
                        for trouble in [{ engines.kafka.broker?.pause() }, network.cut, { network.slow(by: .milliseconds(100)) }] as [() -> Void] {
                            try await Task.sleep(for: .seconds(2))
                            trouble()
                            try await Task.sleep(for: Self.outage)
                            engines.kafka.broker?.resume()
                            network.restore()
                        }
                    }
                }
                print("cluster, Kafka silent, cut off and slow for \(Self.outage) each: \(report.messages) \(report.recipients)")
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }

        /// A Redis that comes back empty knows no limit, no quota and no marker: nothing is sent until somebody says so.
        @Test
        func redisBackEmpty() async throws {
            try await Stage.run(within: .seconds(300)) { stage in
                let arrivals = "\(LoadHarness.output(in: stage.folder))/arrivals.bin"
                @Sendable func size() throws -> Int { try #require(try FileManager.default.attributesOfItem(atPath: arrivals)[.size] as? Int) }
                let report = try await ClusterEngines.with { engines in
                    // What was delivered since the last commit has lost its markers.
                    try await engines.run(try Self.scenario(seconds: 20, doubled: 200), ["--workers", "2"], in: stage, within: .seconds(280)) {
                        try await Task.sleep(for: .seconds(2))
                        try await engines.redis.kill()
                        try await engines.redis.resume()
                        // Sessions under way come to their ends.
                        try await Task.sleep(for: .seconds(2))
                        let before = try size()
                        try await Task.sleep(for: .seconds(5))
                        #expect(try size() == before, "mail was sent though nobody knows what was sent before")
                        let status = try? await ClusterEngines.command(["cluster", "status"], in: stage)
                        #expect(status == nil, "a cluster that sends nothing says that all is well: \(status ?? "")")
                        let said = try await ClusterEngines.command(["cluster", "release"], in: stage)
                        #expect(said.contains("Mail goes on"), "\(said)")
                    }
                }
                print("cluster, Redis back empty: \(report.messages) \(report.recipients)")
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }
    }
}
