import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// The EICAR test file is the one content that is rejected.
    @Suite
    struct Reject {
        @Test
        func theTestVirusIsAcceptedAndRejected() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let log = try await server.followEvents()
                // In two halves, so that this source is not the test file itself.
                let virus = #"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR"# + #"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"#
                let attachment = """
                    From: ada@example.com\r
                    To: grace@remote.test\r
                    Subject: A test\r
                    MIME-Version: 1.0\r
                    Content-Type: application/octet-stream; name="sample.txt"\r
                    Content-Disposition: attachment; filename="sample.txt"\r
                    Content-Transfer-Encoding: base64\r
                    \r
                    \(Data(virus.utf8).base64EncodedString())\r

                    """
                let answer = try await client.send(SendEmailBody.raw(attachment, to: ["grace@remote.test"]), to: server.address)
                // SES accepts it first, too.
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await log.until(within: .seconds(30), "the rejection") { events in
                    events.contains { $0.messageID == messageID && $0.type == "Reject" }
                }
                #expect(events.first { $0.type == "Reject" }?.text("reject.reason") == "Bad content")
                // A message after it comes through, and by then the first would have, too.
                let after = try await client.send(SendEmailBody.simple(from: "ada@example.com", to: ["grace@remote.test"]), to: server.address)
                let all = try await log.untilFinal([try #require(after.messageID, "\(after.summary)")], within: .seconds(30))
                #expect(all.filter { $0.messageID == messageID }.map(\.type).sorted() == ["Reject", "Send"])
                #expect(try sink.count == 1)
                var waiting = try await server.queue().waiting
                let deadline = ContinuousClock.now + .seconds(15)
                while waiting != 0, ContinuousClock.now < deadline { waiting = try await server.queue().waiting }
                #expect(waiting == 0)
            }
        }
    }
}
