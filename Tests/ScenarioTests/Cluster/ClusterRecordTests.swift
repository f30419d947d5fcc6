import ApusSchema
import ChildProcesses
import KafkaClient
import LoadTesting
import NIOCore
import TestSupport
import Testing

extension Scenarios {
    /// Records that a cluster's processes cannot handle, beside those that they can.
    @Suite(.enabled(if: ClusterEngines.missing == nil))
    struct ClusterRecords {
        /// Bytes that are no record go to the dead letters; what a newer version wrote stops its own partition, and the rest goes on.
        @Test
        func theRestGoesOn() async throws {
            try await Stage.run(within: .seconds(300)) { stage in
                // Below the rate from which mail is bulk, whose first partition stands still here.
                var scenario = try ClusterOutages.scenario(rate: 60, seconds: 10)
                // The record of a newer version stays.
                scenario.settle = ScenarioNumber(8_000)
                scenario.settings["kafka.partitions"] = .number(4)
                let report = try await ClusterEngines.with { engines in
                    try await engines.run(scenario, ["--workers", "2"], in: stage, within: .seconds(280)) {
                        let producer = try KafkaProducer(KafkaConfiguration(bootstrapServers: engines.kafka.bootstrapServers))
                        let transactional = engines.prefix + Topics.outbound(queue: Topics.defaultQueue, class: .transactional)
                        let bulk = engines.prefix + Topics.outbound(queue: Topics.defaultQueue, class: .bulk)
                        var newer = Apus_V1_OutboundMessage()
                        newer.schema = SchemaVersion.current + 1
                        let future = KafkaMessage(
                            topic: bulk, partition: 0, key: [], value: try RecordCoding.encode(newer))
                        _ = try await producer.produce([future])
                        // One after the other: the test broker takes the last batch of a partition for one record when it is asked for the end.
                        for partition in 0..<4 as Range<Int32> {
                            _ = try await producer.produce([
                                KafkaMessage(topic: transactional, partition: partition, key: [], value: ByteBuffer(repeating: 0xFF, count: 100))
                            ])
                            try await eventually(within: .seconds(60), "a dead letter", every: .milliseconds(200)) { () -> Void? in
                                let list = try await ClusterEngines.command(["dead", "list"], in: stage)
                                let letters = list.split(separator: "\n").count { $0.contains("outbound.default.transactional") }
                                return letters == partition + 1 ? () : nil
                            }
                        }
                        await producer.close()
                        let said = try await ClusterEngines.command(["dead", "discard", "--all"], in: stage)
                        #expect(said.split(separator: "\n").count == 4, "\(said)")
                        #expect(try await ClusterEngines.command(["dead", "list"], in: stage) == "Nothing is dead.")
                    }
                }
                print("cluster, records that cannot be handled: \(report.messages) \(report.recipients)")
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }
    }
}
