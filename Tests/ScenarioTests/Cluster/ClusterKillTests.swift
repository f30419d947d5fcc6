import LoadTesting
import TestSupport
import Testing

extension Scenarios {
    /// Processes of every role on Kafka, Redis and PostgreSQL, killed, restarted and stopped.
    @Suite(.enabled(if: ClusterEngines.missing == nil))
    struct ClusterKills {
        /// One process after the other of every role: what was answered is delivered, and what is doubled is at most one message for each connection
        /// of a killed worker. What happened is published, too.
        @Test
        func killedProcessesLoseNothing() async throws {
            let kills = Programs.isSoak ? 50 : 5
            try await Stage.run(within: .seconds(120 + 40 * kills)) { stage in
                var scenario = try ScenarioFile.load("kill-storm")
                scenario.faults[0].times = kills
                scenario.streams[0].duration = ScenarioNumber(Double(kills) * 4_000)
                let report = try await ClusterEngines.with { engines in
                    let report = try await engines.run(
                        scenario, ["--workers", "2", "--movers", "1", "--publishers", "1"], in: stage, within: .seconds(100 + 40 * kills))
                    let delivered = report.recipients.delivered + report.messages.inDoubtDelivered
                    let published = try await engines.publishedEvents { $0.sent.count >= report.messages.accepted && $0.delivered >= delivered }
                    #expect(published.sent.count >= report.messages.accepted)
                    #expect(published.delivered == delivered)
                    return report
                }
                print("cluster, kill -9, \(kills) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == kills)
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }

        /// Calls with fifty recipients in fifty domains, while those who take them in and those who split them are killed: each is accepted as a whole
        /// or not at all, and each recipient has it once, for no worker dies.
        @Test
        func aCallIsAcceptedAsAWhole() async throws {
            let kills = Programs.isSoak ? 50 : 4
            try await Stage.run(within: .seconds(120 + 30 * kills)) { stage in
                var scenario = try ScenarioFile.load("kill-storm")
                scenario.faults[0].times = kills
                scenario.faults[0].every = ScenarioNumber(3_000)
                scenario.streams[0].rate = 8
                scenario.streams[0].recipients = 50
                scenario.streams[0].kinds = [:]
                scenario.streams[0].domains = DomainChoice(others: 50, other: "d*.remote.test")
                scenario.streams[0].domains.inTurn = true
                scenario.streams[0].duration = ScenarioNumber(Double(kills) * 3_000)
                scenario.conditions = ["misreported", "lost", "altered", "strangers", "refused", "doubled", "partial"].map {
                    LoadScenario.Condition(measure: $0, atMost: 0)
                }
                let report = try await ClusterEngines.with {
                    try await $0.run(scenario, ["--workers", "1", "--exposed", "api", "mover"], in: stage, within: .seconds(100 + 30 * kills))
                }
                print("cluster, calls to 50 domains, kill -9, \(kills) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == kills)
                #expect(report.recipients.delivered >= 50)
            }
        }

        /// Every process once, by SIGTERM: nothing is sent twice, for far servers answer within the drain time. The next one when the groups have their
        /// members again: the test broker, unlike Kafka, waits for ever for a leader that leaves while its group forms.
        @Test
        func restartedProcessesDoubleNothing() async throws {
            let restarts = Programs.isSoak ? 24 : 4
            try await Stage.run(within: .seconds(160 + 30 * restarts)) { stage in
                var scenario = try ScenarioFile.load("rolling-restart")
                scenario.faults[0].times = restarts
                scenario.streams[0].rate = 150
                scenario.faults[0].every = ScenarioNumber(10_000)
                scenario.streams[0].duration = ScenarioNumber(Double(restarts) * 10_000)
                let report = try await ClusterEngines.with {
                    try await $0.run(scenario, ["--workers", "2", "--movers", "1"], in: stage, within: .seconds(140 + 30 * restarts))
                }
                print("cluster, SIGTERM, \(restarts) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == restarts)
                #expect(report.recipients.delivered > 0)
            }
        }

        /// A worker that stands still for longer than its session lives loses its partitions to others; when it goes on, it sends nothing that they have
        /// sent. What it had past the final dot is in doubt, and sent again by others.
        @Test
        func aWorkerThatStoodStillSendsNothingThatOthersSent() async throws {
            let stops = Programs.isSoak ? 12 : 1
            try await Stage.run(within: .seconds(160 + 40 * stops)) { stage in
                var scenario = try ScenarioFile.load("kill-storm")
                scenario.sink = .object(["seed": .number(1), "rules": .list([Scenarios.slowDot])])
                scenario.streams[0].rate = 150
                scenario.streams[0].kinds = [:]
                scenario.streams[0].duration = ScenarioNumber(Double(stops) * 16_000)
                scenario.faults[0].action = .stop
                scenario.faults[0].lasts = ScenarioNumber(12_000)
                scenario.faults[0].every = ScenarioNumber(16_000)
                scenario.faults[0].times = stops
                let report = try await ClusterEngines.with {
                    try await $0.run(scenario, ["--workers", "3", "--exposed", "worker"], in: stage, within: .seconds(140 + 40 * stops))
                }
                print("cluster, SIGSTOP for 12 s, \(stops) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == stops)
                #expect(report.recipients.delivered > 0)
            }
        }
    }

    /// A far server that takes 50 ms at the final dot: sessions are in their middle when something happens.
    static let slowDot = JSONValue.object(["name": .text("slow"), "stage": .text("dot"), "delayMilliseconds": .number(50)])
}
