import FoundationEssentials
import MailSink
import NIOCore
import SMTPProtocol
import Testing

@Suite(.timeLimit(.minutes(1))) struct LimitTests {
    private func limits(_ json: String) throws -> MailSinkLimits { try JSONDecoder().decode(MailSinkLimits.self, from: Data(json.utf8)) }

    private func message(_ recipients: Int = 1) -> String {
        "MAIL FROM:<a@x.y>\r\n" + (0..<recipients).map { "RCPT TO:<r\($0)@x.y>\r\n" }.joined() + "RSET\r\n"
    }

    @Test func connectionsOfAClient() async throws {
        let limits = try limits(#"{"connectionsPerClient": 2}"#)
        try await SinkDialogue.with({ $0.limits = limits }) { (sink: MailSink) async throws in
            let first = try await HeldConnection.open(sink.addresses[0])
            let second = try await HeldConnection.open(sink.addresses[0])
            #expect(try await first.greeting().hasPrefix("220 "))
            #expect(try await second.greeting().hasPrefix("220 "))
            // The sink closes by itself.
            #expect(try await RawClient.talk("", to: sink.addresses[0]) == "421 4.7.0 Too many concurrent connections from 127.0.0.1\r\n")
            #expect(sink.statistics.limits == ["connectionsPerClient": 1])
            await first.close()
            await sink.wait { $0.openConnections == 1 }
            #expect(try await SinkDialogue.codes("NOOP\r\n", sink) == ["250", "221"])
            await second.close()
        }
    }

    @Test func connectionsInAll() async throws {
        let limits = try limits(#"{"connections": {"count": 1, "reply": "554 5.3.2 full house"}}"#)
        try await SinkDialogue.with({ $0.limits = limits }) { (sink: MailSink) async throws in
            let first = try await HeldConnection.open(sink.addresses[0])
            #expect(try await first.greeting().hasPrefix("220 "))
            #expect(try await RawClient.talk("", to: sink.addresses[0]) == "554 5.3.2 full house\r\n")
            await first.close()
        }
    }

    @Test func newConnectionsInAPeriod() async throws {
        let clock = ManualClock()
        let limits = try limits(#"{"connectionRate": {"count": 2, "per": "10s"}}"#)
        try await SinkDialogue.with({
            $0.limits = limits
            $0.clock = clock.clock
        }) { (sink: MailSink) async throws in
            for _ in 0..<2 { #expect(try await SinkDialogue.codes("", sink) == ["221"]) }
            #expect(try await RawClient.talk("", to: sink.addresses[0]).hasPrefix("421 4.7.0 Too many new connections from 127.0.0.1"))
            clock.advance(.milliseconds(9_999))
            #expect(try await RawClient.talk("", to: sink.addresses[0]).hasPrefix("421"))
            clock.advance(.milliseconds(1))
            #expect(try await SinkDialogue.codes("", sink) == ["221"])
        }
    }

    @Test func messagesInAPeriodOverAllConnections() async throws {
        let clock = ManualClock()
        let limits = try limits(#"{"messageRate": {"count": 3, "per": "1m", "reply": "450 4.7.1 Error: too much mail from {remote}"}}"#)
        try await SinkDialogue.with({
            $0.limits = limits
            $0.clock = clock.clock
        }) { (sink: MailSink) async throws in
            #expect(try await SinkDialogue.codes(message() + message(), sink) == ["250", "250", "250", "250", "250", "250", "221"])
            let replies = try await SinkDialogue.replies(message() + "MAIL FROM:<a@x.y>\r\n", sink)
            #expect(replies.dropLast().last == "450 4.7.1 Error: too much mail from 127.0.0.1")
            clock.advance(.seconds(60))
            #expect(try await SinkDialogue.codes(message(), sink) == ["250", "250", "250", "221"])
            #expect(sink.statistics.limits == ["messageRate": 1])
        }
    }

    @Test func usedUpMessagesAtTheGreeting() async throws {
        let clock = ManualClock()
        let limits = try limits(#"{"messageRate": {"count": 1, "per": "1m", "at": "connect"}}"#)
        try await SinkDialogue.with({
            $0.limits = limits
            $0.clock = clock.clock
        }) { (sink: MailSink) async throws in
            // On a connection that is open the next MAIL ends it.
            #expect(try await SinkDialogue.codes(message() + message(), sink) == ["250", "250", "250", "421"])
            #expect(try await RawClient.talk("", to: sink.addresses[0]).hasPrefix("421 4.7.0 Too many messages"))
            clock.advance(.seconds(60))
            #expect(try await SinkDialogue.codes("", sink) == ["221"])
        }
    }

    @Test func recipientsInAPeriodAndOfAMessage() async throws {
        let clock = ManualClock()
        let limits = try limits(#"{"recipientsPerMessage": 2, "recipientRate": {"count": 3, "per": "1m"}}"#)
        try await SinkDialogue.with({
            $0.limits = limits
            $0.clock = clock.clock
        }) { (sink: MailSink) async throws in
            #expect(try await SinkDialogue.codes(message(3), sink) == ["250", "250", "250", "452", "250", "221"])
            #expect(try await SinkDialogue.codes(message(2), sink) == ["250", "250", "452", "250", "221"])
            #expect(sink.statistics.limits == ["recipientsPerMessage": 1, "recipientRate": 1])
        }
    }

    @Test func manyRefusedRecipientsDoNotEndTheConnection() async throws {
        let limits = try limits(#"{"recipientsPerMessage": 2}"#)
        try await SinkDialogue.with({ $0.limits = limits }) { (sink: MailSink) async throws in
            let codes = try await SinkDialogue.codes(message(100), sink)
            #expect(codes.filter { $0 == "452" }.count == 98)
            #expect(codes.last == "221")
        }
    }

    @Test func messagesOfAConnection() async throws {
        let limits = try limits(
            #"{"messagesPerConnection": {"count": 2, "reply": "421 Max message per connection reached, closing transmission channel"}}"#)
        try await SinkDialogue.with({ $0.limits = limits }) { (sink: MailSink) async throws in
            let replies = try await SinkDialogue.replies(message() + message() + message(), sink)
            #expect(replies.count == 2 + 6 + 1)
            #expect(replies.last == "421 Max message per connection reached, closing transmission channel")
            #expect(try await SinkDialogue.codes(message(), sink) == ["250", "250", "250", "221"])
        }
    }

    /// What a limit refuses is in the account.
    @Test func refusedRecipientsAreRecorded() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "mailsink-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try RecordLogWriter<Arrival>(path: path)
        let limits = try limits(#"{"recipientsPerMessage": 1}"#)
        try await SinkDialogue.with({
            $0.limits = limits
            $0.arrivals = log
        }) { (sink: MailSink) async throws in
            _ = try await SinkDialogue.codes("MAIL FROM:<a@x.y>\r\nRCPT TO:<u7.0@x.y>\r\nRCPT TO:<u7.1@x.y>\r\n", sink)
        }
        log.flush()
        let record = Array(try Data(contentsOf: URL(filePath: path))).suffix(64)
        let arrival = Array(record).withUnsafeBytes { Arrival(octets: $0) }
        #expect(arrival.sequence == 7)
        #expect(arrival.recipient == 1)
        #expect(arrival.kind == .deferred)
        #expect(arrival.code == 452)
    }

    @Test(arguments: [
        "[]", #"{"conections": 5}"#, #"{"connections": 0}"#, #"{"connections": -1}"#, #"{"connections": "5"}"#,
        #"{"connections": {"reply": "421 x"}}"#,
        #"{"connections": {"count": 5, "reply": "250 ok"}}"#, #"{"connections": {"count": 5, "per": "1s"}}"#, #"{"messageRate": 5}"#,
        #"{"messageRate": {"count": 5}}"#, #"{"messageRate": {"count": 5, "per": "0s"}}"#,
        #"{"messageRate": {"count": 5, "per": {"uniform": [1, 2]}}}"#,
        #"{"messageRate": {"count": 5, "per": "2000h"}}"#, #"{"messageRate": {"count": 5, "per": "1s", "at": "dot"}}"#,
        #"{"recipientRate": {"count": 5, "per": "1s", "at": "mail"}}"#, #"{"connections": 99999999999}"#, #"{"messagesPerConnection": 1.5}"#,
    ])
    func mistakesAreRefused(_ json: String) {
        #expect(throws: DecodingError.self) { try limits(json) }
    }
}
