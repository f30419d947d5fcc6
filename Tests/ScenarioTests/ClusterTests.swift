import ChildProcesses
import LoadTesting
import TestSupport
import Testing

extension Scenarios {
    /// Processes of every role on Kafka, Redis and PostgreSQL.
    @Suite
    struct ClusterTests {
        /// Runs a scenario on a cluster with engines of its own, empty and gone afterwards.
        private static func run(
            _ scenario: LoadScenario, _ options: [String], in stage: Stage, within limit: Duration
        ) async throws -> LoadReport {
            let kafka = try await KafkaBroker.start()
            let redis = try await RedisServer.start()
            let postgres = try await PostgresServer.start()
            func end() async {
                await kafka.stop()
                await redis.end()
                try? await postgres.stop()
            }
            do {
                let engines = ["--kafka", kafka.bootstrapServers, "--redis", "redis://127.0.0.1:\(redis.port)", "--postgres", postgres.uri()]
                let report = try await LoadHarness.run(scenario, in: stage.folder, more: engines + options, within: limit)
                await end()
                return report
            } catch {
                await end()
                throw error
            }
        }

        /// One process after the other of every role: what was answered is delivered, and what is doubled is at most one message for each connection
        /// of a killed worker.
        @Test(.enabled(if: KafkaBroker.program != nil))
        func killedProcessesLoseNothing() async throws {
            let kills = Programs.isSoak ? 50 : 5
            try await Stage.run(within: .seconds(120 + 40 * kills)) { stage in
                var scenario = try ScenarioFile.load("kill-storm")
                scenario.faults[0].times = kills
                scenario.streams[0].duration = ScenarioNumber(Double(kills) * 4_000)
                let report = try await Self.run(scenario, ["--workers", "3", "--movers", "2"], in: stage, within: .seconds(100 + 40 * kills))
                print("cluster, kill -9, \(kills) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == kills)
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }
    }
}
