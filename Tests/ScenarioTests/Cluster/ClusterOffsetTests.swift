import ChildProcesses
import KafkaClient
import LoadTesting
import NIOCore
import TestSupport
import Testing

extension Scenarios {
    /// Groups whose offsets somebody deleted.
    @Suite(.enabled(if: ClusterEngines.missing == nil))
    struct ClusterOffsets {
        /// Every topic is read from its beginning again, and nothing is sent again: mail for one domain and for several, deferred and not.
        @Test
        func deletedOffsetsSendNothingAgain() async throws {
            try await Stage.run(within: .seconds(200)) { stage in
                let sink = try await stage.startSink(rules: [.at("rcpt", ["reply": "451 4.7.1 Later"], first: 40)])
                try await ClusterEngines.with { engines in
                    var scenario = try ScenarioFile.load("kill-storm")
                    scenario.settings["kafka.topicPrefix"] = .text(engines.prefix)
                    scenario.settings["kafka.partitions"] = .number(3)
                    var configuration = ApusSystem.Configuration(
                        program: Programs.apus, folder: stage.folder.file("apus"),
                        sink: SinkAddress(address: try SocketAddress(ipAddress: sink.host, port: sink.port)), scenario: scenario)
                    configuration.identities = ["example.com"]
                    let system = try ClusterSystem(
                        configuration,
                        engines: .init(
                            kafka: engines.kafka.bootstrapServers, redis: "redis://127.0.0.1:\(engines.redis.port)", postgres: engines.postgres.uri()),
                        size: .init(workers: 0, movers: 0))
                    do {
                        try await system.start()
                        try await Self.deliverTwice(system, settings: "\(configuration.folder)/apus.json", engines, sink, stage)
                    } catch {
                        await system.remove()
                        throw error
                    }
                    await system.remove()
                }
            }
        }

        private static func deliverTwice(
            _ system: ClusterSystem, settings: String, _ engines: ClusterEngines, _ sink: SinkProcess, _ stage: Stage
        ) async throws {
            guard case .ses(let entrance) = system.entrance, let key = entrance.keys.first else { throw ChildFailure("no entrance") }
            // One in five goes to two domains, by way of the splitter.
            @Sendable func domains(_ loadID: String) -> [String] {
                loadID.hasSuffix("5") || loadID.hasSuffix("0") ? ["one.test", "two.test"] : ["one.test"]
            }
            let load = Load(
                client: SESClient(key: AccessKeyPair(id: key.id, secret: key.secret), http: stage.http), senders: 8,
                recipients: { loadID in domains(loadID).map { "\(loadID)@\($0)" } })
            @Sendable func complete() throws -> Bool {
                let copies = try sink.copies()
                return load.ledger.contents.answered.keys.allSatisfy { copies[$0, default: 0] >= domains($0).count }
            }
            for round in 1...2 {
                let worker = try await Child.start(
                    name: "apus serve", Programs.apus, ["serve", "--roles", "worker,mover", "--config", settings], outputLimit: 100)
                do {
                    try await load.run(on: "\(entrance.host):\(entrance.port)") {
                        try await load.ledger.untilAnswered(150 * round, within: .seconds(60))
                    }
                    try await eventually(within: .seconds(60), "everything delivered, round \(round)", every: .milliseconds(200)) {
                        try complete() ? () : nil
                    }
                    // What was read is done with at the end of a stop.
                    #expect(try await worker.stop(within: .seconds(60)).isSuccess)
                } catch {
                    try? await worker.kill()
                    throw ChildFailure("\(error)\n\(worker.lastWords)")
                }
                guard round == 1 else { break }
                let cluster = KafkaCluster(KafkaConfiguration(bootstrapServers: engines.kafka.bootstrapServers))
                let groups = ["worker.default.transactional", "worker.default.bulk", "splitter", "mover.retry.15s", "mover.retry.1m"]
                let topic = "\(engines.prefix)apus.outbound.default.transactional"
                let before = try await cluster.committed(group: engines.prefix + groups[0], topic: topic, partitions: 3)
                #expect(before.contains { ($0 ?? 0) > 0 }, "nothing was committed that could be deleted")
                try await cluster.deleteGroups(groups.map { engines.prefix + $0 })
                let after = try await cluster.committed(group: engines.prefix + groups[0], topic: topic, partitions: 3)
                #expect(after == [nil, nil, nil])
            }
            let ledger = load.ledger.contents
            let copies = try sink.copies()
            print("cluster, offsets deleted: \(ledger.answered.count) messages, \(copies.values.reduce(0, +)) copies")
            #expect(ledger.refused.isEmpty && ledger.unanswered.isEmpty)
            let doubled = copies.filter { $0.value > domains($0.key).count }
            #expect(doubled.isEmpty, "sent again: \(doubled.count)")
        }
    }
}
