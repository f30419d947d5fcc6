import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// What an operator's monitoring sees.
    @Suite
    struct Metrics {
        /// Mail of pools that no worker delivers waits, and is spoken of: of one whose queue is read for another pool's sake, and of one whose
        /// queue nobody reads.
        @Test
        func aPoolWithoutWorkerIsSeen() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let metrics = "127.0.0.1:\(try FreePort.find())"
                let server = try stage.makeServer(
                    settings: Stage.settings.merging(["delivery.pools": "mine"]) { $1 },
                    arguments: ["--route", "*=\(sink.address)", "--metrics", metrics])
                try await server.start()
                let client = try await stage.makeClient(of: server)
                #expect(try await server.command("pools", "create", "mine", "--queue", "default").contains("Queue      default"))
                #expect(try await server.command("pools", "create", "Theirs").contains("Queue      theirs"))
                let set = #"{"ConfigurationSetName":"theirs","DeliveryOptions":{"SendingPoolName":"Theirs"}}"#
                #expect(try await client.call("POST", "/v2/email/configuration-sets", to: server.address, body: Array(set.utf8)).status == 200)
                for set in [nil, "theirs"] {
                    let answer = try await client.send(
                        SendEmailBody.simple(from: "ada@example.com", to: ["grace@remote.test"], configurationSet: set), to: server.address)
                    #expect(answer.messageID != nil, "\(answer.summary)")
                }
                let page = try await eventually(within: .seconds(60), "a pool without worker", every: .milliseconds(200)) { () -> MetricsPage? in
                    let page = try await MetricsPage.read(metrics, by: stage.http)
                    let isComplete =
                        page["apus_pools_without_worker"] == 2 && page[#"apus_topic_waiting_records{topic="apus.hold.15s"}"#] != nil
                        && ["worker", "mover"].contains { (page["apus_\($0)_oldest_seconds{pool=\"default\",class=\"transactional\"}"] ?? 0) > 0 }
                    return isComplete ? page : nil
                }
                #expect(page["apus_workers"] == 1)
                #expect((page[#"apus_worker_held_total{reason="pool"}"#] ?? 0) >= 1)
                #expect(page[#"apus_topic_partitions_without_offset{topic="apus.outbound.default.transactional"}"#] == 0)
                let waiting = try await server.queue().waiting
                #expect(waiting == 2)
                #expect(page[#"apus_topic_waiting_records{topic="apus.outbound.theirs.transactional"}"#] == 1)
                #expect(try await server.command("queue").contains("The pool default has mail that no worker can deliver"))
                #expect(try await server.command("queue").contains("The pool Theirs has mail that no worker can deliver"))
                #expect(server.lastWords.contains("no worker can deliver it"))
                #expect(try sink.count == 0)
            }
        }
    }
}
