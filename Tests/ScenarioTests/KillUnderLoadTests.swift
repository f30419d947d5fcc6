import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// `kill -9` in the middle of work, and a start on what it left.
    @Suite
    struct KillUnderLoad {
        private static let connections = 8

        @Test
        func nothingAnsweredIsLost() async throws {
            let kills = Programs.isSoak ? 50 : 5
            try await Stage.run(within: .seconds(60 + 30 * kills)) { stage in
                // Every tenth recipient is refused, and some wait: kills fall into bounces and retries as well.
                let sink = try await stage.startSink(rules: [
                    .at("rcpt", ["reply": "550 5.1.1 No such mailbox", "name": "refuse"], recipient: "*0@remote.test"),
                    .at("rcpt", ["reply": "451 4.7.1 Later", "per": "recipient", "name": "defer"], recipient: "*5@remote.test", first: 1),
                ])
                let (server, client) = try await stage.startServer(
                    to: sink, settings: ["delivery.connectionsPerSite": Self.connections, "delivery.messagesPerConnection": 20])
                let load = Load(client: client, senders: 16)
                try await load.run(on: server.address) {
                    for _ in 1...kills {
                        // Enough that all stages of the way are busy when it falls.
                        try await load.ledger.untilAnswered(load.ledger.answeredCount + 150, within: .seconds(60))
                        try await server.child.kill()
                        try await server.start()
                        load.resume(on: try server.address)
                    }
                    try await load.ledger.untilAnswered(load.ledger.answeredCount + 50, within: .seconds(60))
                }
                let account = try await Accounting.settle(load, sink: sink, server: server, within: .seconds(120))
                print("kill -9, \(kills) times: \(account)")
                try #require(account.lost.isEmpty, "\(account)")
                #expect(account.strangers.isEmpty, "\(account)")
                #expect(account.refused.isEmpty, "\(account)")
                #expect(account.misreported.isEmpty, "\(account)")
                #expect(account.delivered > 0 && account.bounced > 0, "\(account)")
                #expect(account.doubled <= kills * Self.connections, "a kill may double one message a session: \(account)")
                #expect(try await server.stop().isSuccess)
            }
        }
    }
}
