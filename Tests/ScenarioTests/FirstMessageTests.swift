import ChildProcesses
import TestSupport
import Testing

extension Scenarios {
    /// One message by the API, to the far mail server and into the events.
    @Suite
    struct FirstMessage {
        @Test
        func rawMessageArrivesSignedAndCleaned() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                let raw = """
                    From: Ada <ada@example.com>\r
                    To: Grace <grace@remote.test>\r
                    Bcc: secret@remote.test\r
                    Subject: The first\r
                    Message-ID: <mine@example.com>\r
                    Date: Mon, 1 Jan 2001 00:00:00 +0000\r
                    Return-Path: <wrong@example.com>\r
                    X-SES-MESSAGE-TAGS: ignored=yes\r
                    X-Load-Id: first\r
                    \r
                    Hello.\r
                    .dot at the line's start\r

                    """
                let answer = try await client.send(
                    SendEmailBody.raw(
                        raw, to: ["grace@remote.test", "secret@remote.test"], tags: [("campaign", "first")]),
                    to: server.address)
                try #require(answer.status == 200, "\(answer.summary)")
                let messageID = try #require(answer.messageID)
                #expect(messageID.utf8.count == 60)
                #expect(answer.header("x-amzn-RequestId") != nil)
                #expect(answer.header("Content-Type") == "application/json")

                let events = try await log.untilFinal([messageID], within: .seconds(30))
                #expect(events.map(\.type).sorted() == ["Delivery", "Send"])
                let send = try #require(events.first { $0.type == "Send" })
                #expect(send.text("mail.tags.campaign.0") == "first")
                #expect(send.text("mail.tags.ses:operation.0") == "SendEmail")
                #expect(send.text("mail.source") != nil)
                #expect(send.text("mail.commonHeaders.subject") == "The first")
                let delivery = try #require(events.first { $0.type == "Delivery" })
                #expect(Set(delivery.recipients) == ["grace@remote.test", "secret@remote.test"])
                #expect(delivery.text("delivery.smtpResponse")?.hasPrefix("250") == true)
                #expect(delivery.text("delivery.reportingMTA")?.contains("mail.apus.test") == true)
                #expect(Int(delivery.text("delivery.processingTimeMillis") ?? "") != nil)

                let messages = try sink.messages()
                try #require(messages.count == 1)
                let message = messages[0]
                #expect(Set(message.recipients) == ["grace@remote.test", "secret@remote.test"])
                #expect(message.values("DKIM-Signature").count >= 1)
                #expect(message.values("DKIM-Signature").first?.contains("d=example.com") == true)
                #expect(message.values("Message-ID") == ["<\(messageID)@mail.apus.test>"])
                #expect(message.values("Date").count == 1)
                #expect(message.values("Date").first?.contains("2001") == false)
                #expect(message.values("Bcc").isEmpty)
                #expect(!message.fields.contains { $0.lowercased().hasPrefix("x-ses-message") || $0.lowercased().hasPrefix("x-ses-config") })
                #expect(message.values("Return-Path").isEmpty)
                #expect(message.values("Subject") == ["The first"])
                #expect(message.text.hasSuffix("\r\n\r\nHello.\r\n.dot at the line's start\r\n"))
                #expect(try await server.stop().isSuccess)
            }
        }

        @Test
        func simpleMessageIsComposed() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                let body = SendEmailBody.simple(
                    from: "Ada Lovelace <ada@example.com>", to: ["grace@remote.test"], cc: ["alan@remote.test"], bcc: ["kurt@other.test"],
                    subject: "Grüße 🕊", text: "Hällo.\n", html: "<p>Hällo</p>", headers: [("X-Load-Id", "simple")])
                let answer = try await client.send(body, to: server.address)
                try #require(answer.status == 200, "\(answer.summary)")
                let messageID = try #require(answer.messageID)
                // Two destination domains: two copies, one MessageId, one Delivery each.
                let events = try await log.until(within: .seconds(30), "three recipients' deliveries") { events in
                    Set(events.filter { $0.type == "Delivery" && $0.messageID == messageID }.flatMap(\.recipients)).count == 3
                }
                #expect(events.count { $0.type == "Send" } == 1)
                let messages = try sink.messages()
                #expect(messages.count == 2)
                #expect(Set(messages.flatMap(\.recipients)) == ["grace@remote.test", "alan@remote.test", "kurt@other.test"])
                for message in messages {
                    #expect(message.values("DKIM-Signature").count >= 1)
                    #expect(message.values("Bcc").isEmpty)
                    #expect(message.values("To").first?.contains("grace@remote.test") == true)
                    #expect(message.values("Cc").first?.contains("alan@remote.test") == true)
                    #expect(message.values("Subject").first?.contains("=?") == true)
                    #expect(message.values("Content-Type").first?.hasPrefix("multipart/alternative") == true)
                    #expect(message.values("MIME-Version") == ["1.0"])
                    #expect(message.content.allSatisfy { $0 < 0x80 })
                }
            }
        }

        /// A large body goes by the body store, and comes back out of it whole.
        @Test
        func fiveMegabytesArriveWhole() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                let raw = SendEmailBody.message(loadID: "large", from: "ada@example.com", to: "grace@remote.test", size: 5_000_000)
                let answer = try await client.send(SendEmailBody.raw(raw, to: ["grace@remote.test"]), to: server.address)
                try #require(answer.status == 200, "\(answer.summary)")
                _ = try await log.untilFinal([try #require(answer.messageID)], within: .seconds(60))
                let messages = try sink.messages()
                try #require(messages.count == 1)
                let body = try #require(raw.utf8.split(separator: Array("\r\n\r\n".utf8), maxSplits: 1).last)
                #expect(messages[0].content.suffix(body.count).elementsEqual(body))
            }
        }
    }
}
