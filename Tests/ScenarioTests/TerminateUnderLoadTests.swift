import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// SIGTERM in the middle of work.
    @Suite
    struct TerminateUnderLoad {
        @Test
        func nothingIsLostAndNothingDoubled() async throws {
            try await Stage.run(within: .seconds(240)) { stage in
                let sink = try await stage.startSink(rules: [
                    .at("rcpt", ["reply": "451 4.7.1 Later", "per": "recipient", "name": "defer"], recipient: "*5@remote.test", first: 1),
                    // Some sessions are always open when the signal comes.
                    .at("dot", ["delayMilliseconds": 50, "name": "slow"], recipient: "*3@remote.test"),
                ])
                let (server, client) = try await stage.startServer(to: sink, settings: ["delivery.connectionsPerSite": 8])
                let load = Load(client: client, senders: 16)
                try await load.run(on: server.address) {
                    for _ in 1...(Programs.isSoak ? 20 : 3) {
                        try await load.ledger.untilAnswered(load.ledger.answeredCount + 150, within: .seconds(60))
                        try #require(try await server.stop().isSuccess, "\(server.lastWords)")
                        try await server.start()
                        load.resume(on: try server.address)
                    }
                }
                let account = try await Accounting.settle(load, sink: sink, server: server, within: .seconds(120))
                print("SIGTERM under load: \(account)")
                try #require(account.lost.isEmpty, "\(account)")
                #expect(account.doubled == 0, "\(account)")
                #expect(account.bounced == 0, "\(account)")
                #expect(account.strangers.isEmpty && account.refused.isEmpty && account.misreported.isEmpty, "\(account)")
            }
        }
    }
}
