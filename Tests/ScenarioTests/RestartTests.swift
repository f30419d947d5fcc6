import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// What waits and what happened, over a restart.
    @Suite
    struct Restart {
        @Test
        func theQueueShowsWhatWaitsAndTheEventsStay() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [
                    .at("rcpt", ["reply": "451 4.3.2 Busy until further notice"], recipient: "later@*")
                ])
                // A minute until the next try: it is still waiting whenever this looks.
                let (server, client) = try await stage.startServer(
                    to: sink,
                    settings: [
                        "delivery.retry.intervals": ["60s"], "delivery.retry.tiers": ["100ms", "200ms", "500ms", "1s", "2s", "5s", "60s"],
                    ])
                let log = try await server.followEvents()
                var sent: [String: String] = [:]
                for name in ["now", "later"] {
                    let answer = try await client.send(
                        SendEmailBody.simple(from: "ada@example.com", to: ["\(name)@remote.test"]), to: server.address)
                    let messageID: String = try #require(answer.messageID, "\(answer.summary)")
                    sent[name] = messageID
                }
                let (now, later) = (try #require(sent["now"]), try #require(sent["later"]))
                let before = try await log.until(within: .seconds(30), "a delivery and a delay") { events in
                    events.contains { $0.messageID == now && $0.type == "Delivery" }
                        && events.contains { $0.messageID == later && $0.type == "DeliveryDelay" }
                }
                let queue = try await eventually(within: .seconds(20), "the queue's one message", every: .milliseconds(100)) { () -> QueueReport? in
                    let queue = try await server.queue()
                    return queue.waiting == 1 && queue.lanes.contains { $0.lastReply.contains("Busy until further notice") } ? queue : nil
                }
                #expect(queue.serverRunning)
                let lane = try #require(queue.lanes.first { $0.destinations.contains("remote.test") })
                #expect(lane.lastReply.contains("451"))
                let text = try await server.command("queue")
                #expect(
                    text.contains("remote.test") && text.contains("Busy until further notice") && text.contains("1 message in apus.retry."), "\(text)"
                )

                #expect(try await server.stop().isSuccess)
                #expect(try await server.queue().waiting == 1)
                #expect(try await server.events().map(\.line) == before.map(\.line))
                try await server.start()
                #expect(try await server.queue().waiting == 1)
                #expect(try await server.events().map(\.line) == before.map(\.line))
                try await server.killAndRestart()
                #expect(try await server.queue().waiting == 1)
                #expect(try await server.events().map(\.line) == before.map(\.line))
            }
        }

        @Test
        func identitiesKeysAndSetsStay() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                try await server.start()
                let client = try await stage.makeClient(of: server)
                let created = try await client.call(
                    "POST", "/v2/email/configuration-sets", to: server.address, body: Array(#"{"ConfigurationSetName":"kept"}"#.utf8))
                #expect(created.status == 200, "\(created.summary)")
                let records = try await server.command("identities", "records", "example.com")
                try await server.killAndRestart()
                #expect(try await client.call("GET", "/v2/email/configuration-sets/kept", to: server.address).status == 200)
                #expect(try await client.call("GET", "/v2/email/identities/example.com", to: server.address).status == 200)
                // The same keys, or what operators have published would be wrong.
                #expect(try await server.command("identities", "records", "example.com") == records)
            }
        }
    }
}
