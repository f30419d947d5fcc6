import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// Deferrals, bounces, and the end of a message's time.
    @Suite
    struct RetryAndExpiry {
        @Test
        func deferralsThenDelivery() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [
                    .at("rcpt", ["reply": "451 4.7.1 Greylisted, come back"], recipient: "grey@remote.test", first: 2)
                ])
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                let raw = SendEmailBody.message(loadID: "grey", from: "ada@example.com", to: "grey@remote.test")
                let answer = try await client.send(SendEmailBody.raw(raw, to: ["grey@remote.test", "white@remote.test"]), to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await log.until(within: .seconds(30), "both recipients' deliveries") { events in
                    Set(events.filter { $0.type == "Delivery" }.flatMap(\.recipients)).count == 2
                }
                #expect(events.allSatisfy { $0.messageID == messageID })
                let delays = events.filter { $0.type == "DeliveryDelay" }
                #expect(delays.count == 2)
                for delay in delays {
                    #expect(delay.recipients == ["grey@remote.test"])
                    #expect(delay.text("deliveryDelay.delayedRecipients.0.status") == "4.7.1")
                    #expect(delay.text("deliveryDelay.delayedRecipients.0.diagnosticCode")?.contains("Greylisted, come back") == true)
                    #expect(delay.text("deliveryDelay.delayType") != nil)
                    #expect(delay.text("deliveryDelay.expirationTime") != nil)
                }
                // The one that was not deferred did not wait for the other, and got one copy.
                #expect(events.first { $0.type == "Delivery" }?.recipients == ["white@remote.test"])
                let recipients = try sink.messages().map(\.recipients)
                #expect(recipients.sorted { $0[0] < $1[0] } == [["grey@remote.test"], ["white@remote.test"]])
            }
        }

        @Test(arguments: [
            ("550 5.1.1 User unknown", "Permanent", "5.1.1"), ("552 5.2.2 Mailbox full", "Transient", "5.2.2"),
            ("552 5.3.4 Message size exceeds fixed limit", "Transient", "5.3.4"), ("554 5.6.0 Content not liked", "Transient", "5.6.0"),
            ("553 5.1.3 Bad address syntax", "Permanent", "5.1.3"),
        ])
        func permanentRepliesBounceAtOnce(reply: String, type: String, status: String) async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [.at("rcpt", ["reply": reply], recipient: "gone@*")])
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                let answer = try await client.send(
                    SendEmailBody.simple(from: "ada@example.com", to: ["gone@remote.test", "here@remote.test"]), to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await log.until(within: .seconds(30), "a bounce and a delivery") { events in
                    Set(events.filter(\.isFinal).flatMap(\.recipients)).count == 2
                }
                #expect(events.map(\.type).sorted() == ["Bounce", "Delivery", "Send"])
                let bounce = try #require(events.first { $0.type == "Bounce" })
                #expect(bounce.messageID == messageID)
                #expect(bounce.recipients == ["gone@remote.test"])
                #expect(bounce.text("bounce.bounceType") == type)
                #expect(bounce.text("bounce.bounceSubType")?.isEmpty == false)
                #expect(bounce.text("bounce.bouncedRecipients.0.action") == "failed")
                #expect(bounce.text("bounce.bouncedRecipients.0.status") == status)
                #expect(bounce.text("bounce.bouncedRecipients.0.diagnosticCode")?.contains(reply.dropFirst(10)) == true)
                #expect(bounce.text("bounce.feedbackId")?.isEmpty == false)
                #expect(try sink.messages().map(\.recipients) == [["here@remote.test"]])
            }
        }

        @Test
        func timeRunsOut() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [.at("rcpt", ["reply": "452 4.2.2 Mailbox full"])])
                let (server, client) = try await stage.startServer(to: sink, settings: ["sending.maximumAge": "10s"])
                let log = try await server.followEvents()
                let answer = try await client.send(SendEmailBody.simple(from: "ada@example.com", to: ["full@remote.test"]), to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await log.untilFinal([messageID], within: .seconds(40))
                let bounce = try #require(events.first { $0.type == "Bounce" })
                #expect(bounce.text("bounce.bounceType") == "Transient")
                #expect(events.contains { $0.type == "DeliveryDelay" })
                #expect(try sink.count == 0)
                _ = try await eventually(within: .seconds(20), "an empty queue") { () -> Bool? in
                    try await server.queue().waiting == 0 ? true : nil
                }
            }
        }
    }
}
