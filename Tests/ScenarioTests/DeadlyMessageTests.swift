import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// A message during which the process ends, again and again.
    @Suite
    struct DeadlyMessage {
        /// After five of them it is not tried any more, other mail goes on, and a person decides.
        @Test
        func isSetAside() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [.at("rcpt", ["hang": true], recipient: "deadly@*")])
                let (server, client) = try await stage.startServer(to: sink)
                let deadly = try await client.send(SendEmailBody.simple(from: "ada@example.com", to: ["deadly@deadly.test"]), to: server.address)
                let id: String = try #require(deadly.messageID, "\(deadly.summary)")
                for _ in 0..<5 {
                    _ = try await eventually(within: .seconds(30), "a session", every: .milliseconds(100)) { () -> Bool? in
                        try await server.queue().lanes.contains { $0.destinations.contains("deadly.test") } ? true : nil
                    }
                    // What it holds is written down by then.
                    try await Task.sleep(for: .seconds(1))
                    try await server.killAndRestart()
                }
                let list = try await eventually(within: .seconds(30), "a dead letter", every: .milliseconds(100)) { () -> String? in
                    let list = try await server.command("dead", "list")
                    return list.contains(id) ? list : nil
                }
                #expect(list.contains("5 workers ended while they had it in hand"), "\(list)")
                let later = try await client.send(SendEmailBody.simple(from: "ada@example.com", to: ["bob@well.test"]), to: server.address)
                let log = try await server.followEvents()
                _ = try await log.until(within: .seconds(30), "the other message's delivery") { events in
                    events.contains { $0.messageID == later.messageID && $0.type == "Delivery" }
                }
                #expect(try await server.command("dead", "bounce", "--all").contains("bounced"))
                _ = try await log.until(within: .seconds(30), "its bounce") { events in
                    events.contains { $0.messageID == id && $0.type == "Bounce" }
                }
                let rest = try await server.command("dead", "list")
                #expect(rest == "Nothing is dead.", "\(rest)")
            }
        }
    }
}
