import FoundationEssentials
import MailSink
import NIOCore
import SMTPProtocol
import SMTPTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct MailSinkTests {
    private func withSink(_ change: (inout MailSinkConfiguration) -> Void = { _ in }, _ body: (MailSink) async throws -> Void) async throws {
        var configuration = try MailSinkConfiguration.loopback()
        configuration.loops = 1
        change(&configuration)
        let sink = try await MailSink.start(configuration)
        try await body(sink)
        await sink.waitUntilIdle()
        await sink.stop()
    }

    /// The reply codes of a dialogue that starts with EHLO and ends with QUIT, without those two and the greeting.
    private func codes(_ text: String, _ sink: MailSink) async throws -> [String] {
        let replies = try await RawClient.talk("EHLO c\r\n" + text + "QUIT\r\n", to: sink.addresses[0])
        return replies.split(separator: "\r\n").filter { $0.dropFirst(3).first != "-" }.map { String($0.prefix(3)) }.dropFirst(2).dropLast()
    }

    @Test func counts() async throws {
        try await withSink({ $0.countsCopies = true }) { (sink: MailSink) async throws in
            let known = RawClient.message(to: ["b@x.y", "c@x.y"], content: "message-id: <one@x>\r\n\r\nX-Load-Id: body\r\n")
            let loaded = RawClient.message(content: "Message-ID: <one@x>\r\nX-Load-Id: l1\r\n\r\nx\r\n")
            #expect(try await codes(known + known + loaded + RawClient.message(), sink).filter { $0 == "250" }.count == 14)
            await sink.waitForMessages(4)
            let statistics = sink.statistics
            #expect(statistics.messages == 4)
            #expect(statistics.recipients == 6)
            #expect(statistics.distinctIDs == 2)
            #expect(statistics.duplicateMessages == 1)
            #expect(statistics.uncountedMessages == 1)
            #expect(sink.copies == ["one@x": 2, "l1": 1])
            #expect(statistics.octets == 40 + 40 + 41 + 21)
            #expect(statistics.connections == 1)
        }
    }

    /// A client may end its side with its last command: answers that take their time still reach it.
    @Test(arguments: [true, false]) func answersAClientThatHasEndedItsSide(stores: Bool) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sink-\(UInt64.random(in: 0 ... .max))").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func change(_ configuration: inout MailSinkConfiguration) {
            if stores {
                configuration.storeDirectory = folder
            } else {
                var rule = MailSinkRule(name: "slow", stage: .dot, action: .none)
                rule.delay = .milliseconds(50)
                configuration.rules = MailSinkRules([rule])
            }
        }
        try await withSink(change) { (sink: MailSink) async throws in
            for _ in 0..<20 {
                let replies = try await RawClient.talk(
                    "EHLO c\r\n" + RawClient.message() + RawClient.message() + "QUIT\r\n", endsItsSide: true, to: sink.addresses[0])
                let lines = replies.split(separator: "\r\n")
                #expect(lines.last?.hasPrefix("221 ") == true && lines.count { $0.hasPrefix("354 ") } == 2, "\(replies)")
            }
            #expect(sink.statistics.messages == 40)
            // Half a message is none.
            let cut = try await RawClient.talk(
                "EHLO c\r\nMAIL FROM:<a@x.y>\r\nRCPT TO:<b@x.y>\r\nDATA\r\nhalf", endsItsSide: true, to: sink.addresses[0])
            #expect(cut.contains("354 "))
            await sink.waitUntilIdle()
            #expect(sink.statistics.messages == 40 && sink.statistics.openConnections == 0)
        }
    }

    @Test func stores() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mailsink-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let content = "Subject: stored\r\n\r\n..dot\r\nü\r\n"
        try await withSink({ $0.storeDirectory = folder }) { (sink: MailSink) async throws in
            _ = try await codes(RawClient.message(from: "", to: ["b@x.y", "c@x.y"], content: content) + RawClient.message(), sink)
            #expect(sink.statistics.messages == 2)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names.map { String($0.dropFirst(13)) } == ["-00000001.eml", "-00000001.json", "-00000002.eml", "-00000002.json"])
        struct Envelope: Decodable {
            var sequence: Int
            var arrivedAt: Int64
            var sender: String
            var recipients: [String]
            var remoteAddress: String
            var hello: String
            var octets: Int
            var content: String
            var connection: Int
        }
        let data = try Data(contentsOf: URL(filePath: folder).appending(path: names[1]))
        let envelope = try JSONDecoder().decode(Envelope.self, from: data)
        #expect(envelope.sequence == 1)
        #expect(envelope.sender == "")
        #expect(envelope.recipients == ["b@x.y", "c@x.y"])
        #expect(envelope.remoteAddress == "127.0.0.1")
        #expect(envelope.hello == "c")
        #expect(envelope.content == names[0])
        #expect(names[0].hasPrefix(String(envelope.arrivedAt)))
        let stored = try Data(contentsOf: URL(filePath: folder).appending(path: names[0]))
        #expect(String(decoding: stored, as: UTF8.self) == "Subject: stored\r\n\r\n.dot\r\nü\r\n")
        #expect(envelope.octets == stored.count)
    }

    @Test func aStoreThatFailsDefersTheMessage() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mailsink-\(UUID().uuidString)").path
        try await withSink({ $0.storeDirectory = folder }) { (sink: MailSink) async throws in
            try FileManager.default.removeItem(atPath: folder)
            #expect(try await codes(RawClient.message(), sink) == ["250", "250", "354", "451"])
            #expect(sink.statistics.messages == 0)
            #expect(sink.statistics.refusedMessages == 1)
        }
        var configuration = try MailSinkConfiguration.loopback()
        configuration.storeDirectory = "/proc/nothing/here"
        await #expect(throws: MailSinkError.self) { try await MailSink.start(configuration) }
    }

    @Test func greylisting() async throws {
        var rule = MailSinkRule(name: "grey", stage: .rcpt, action: .reply(SMTPReply(code: 450, text: "4.2.0 later")))
        rule.recipient = "*@GREY.example"
        rule.per = .recipient
        rule.first = 1
        try await withSink({ $0.rules = MailSinkRules([rule]) }) { (sink: MailSink) async throws in
            let mail = "MAIL FROM:<a@x.y>\r\nRCPT TO:<one@grey.example>\r\nRCPT TO:<two@grey.example>\r\nRCPT TO:<x@other.example>\r\nRSET\r\n"
            #expect(try await codes(mail, sink) == ["250", "450", "450", "250", "250"])
            #expect(try await codes(mail, sink) == ["250", "250", "250", "250", "250"])
            #expect(sink.statistics.rules == ["grey": 2])
        }
    }

    @Test func occurrencesPerMessage() async throws {
        var rule = MailSinkRule(name: "second", stage: .dot, action: .reply(SMTPReply(code: 451, text: "4.3.0 x")))
        rule.per = .message
        rule.after = 1
        rule.first = 2
        try await withSink({ $0.rules = MailSinkRules([rule]) }) { (sink: MailSink) async throws in
            func message(_ id: String) -> String { RawClient.message(content: "Message-ID: <\(id)>\r\n\r\nx\r\n") }
            let all = try await codes([message("m1"), message("m2"), message("m1"), message("m1"), message("m2")].joined(), sink)
            #expect(stride(from: 3, to: 20, by: 4).map { all[$0] } == ["250", "250", "451", "250", "451"])
            #expect(sink.statistics.messages == 3)
            #expect(sink.statistics.refusedMessages == 2)
        }
    }

    @Test func everyAndProbabilityAreRepeatable() async throws {
        var every = MailSinkRule(name: "every", stage: .noop, action: .reply(SMTPReply(code: 450, text: "x")))
        every.every = 3
        var half = MailSinkRule(name: "half", stage: .vrfy, action: .reply(SMTPReply(code: 450, text: "x")))
        half.probability = 0.5
        var runs: [[String]] = []
        for seed in [UInt64(5), 5, 6] {
            try await withSink({
                $0.rules = MailSinkRules([every, half], seed: seed)
                $0.session.errors = 1000
            }) { (sink: MailSink) async throws in
                runs.append(try await codes(String(repeating: "NOOP\r\n", count: 9) + String(repeating: "VRFY x\r\n", count: 100), sink))
            }
        }
        #expect(Array(runs[0].prefix(9)) == ["250", "250", "450", "250", "250", "450", "250", "250", "450"])
        #expect(runs[0] == runs[1])
        #expect(runs[0] != runs[2])
        #expect((30...70).contains(runs[0].dropFirst(9).filter { $0 == "450" }.count))
    }

    @Test func delaysAddUpAndAcceptStops() async throws {
        var slow = MailSinkRule(name: "slow", stage: .mail, action: .none)
        slow.delay = .milliseconds(60)
        var friend = MailSinkRule(name: "friend", stage: .mail, action: .accept)
        friend.sender = "friend@*"
        let refuse = MailSinkRule(name: "refuse", stage: .mail, action: .reply(SMTPReply(code: 550, text: "no")))
        try await withSink({ $0.rules = MailSinkRules([slow, slow, friend, refuse]) }) { (sink: MailSink) async throws in
            let start = ContinuousClock.now
            #expect(try await codes("MAIL FROM:<a@x.y>\r\nMAIL FROM:<friend@x.y>\r\n", sink) == ["550", "250"])
            #expect(ContinuousClock.now - start >= .milliseconds(240))
            #expect(sink.statistics.rules == ["slow": 4, "friend": 1, "refuse": 1])
        }
    }

    @Test func keepsTheLatest() async throws {
        try await withSink({ $0.keptMessages = 2 }) { (sink: MailSink) async throws in
            _ = try await codes((0..<4).map { RawClient.message(from: "m\($0)@x.y") }.joined(), sink)
            #expect(sink.messages.map(\.sender) == ["m2@x.y", "m3@x.y"])
            #expect(sink.messages.map(\.sequence) == [3, 4])
        }
    }

    @Test func severalListeners() async throws {
        let any = SMTPListener(address: try SocketAddress(ipAddress: "127.0.0.1", port: 0))
        let other = SMTPListener(address: try SocketAddress(ipAddress: "127.0.0.2", port: 0))
        try await withSink({ $0.listeners = [any, other] }) { (sink: MailSink) async throws in
            #expect(sink.addresses.map(\.ipAddress) == ["127.0.0.1", "127.0.0.2"])
            for address in sink.addresses { _ = try await RawClient.talk("EHLO c\r\n" + RawClient.message() + "QUIT\r\n", to: address) }
            #expect(sink.statistics.messages == 2)
        }
        // An address that is taken: nothing is left behind, so the port can be bound again.
        let sink = try await MailSink.start(.loopback())
        await #expect(throws: (any Error).self) {
            try await MailSink.start(MailSinkConfiguration(listeners: [any, SMTPListener(address: sink.addresses[0])]))
        }
        await sink.stop()
    }

    /// A server that hangs does not take the message after all when the client has given up and all it sent is there.
    @Test func whatHangsTakesNothingLater() async throws {
        var hang = MailSinkRule(name: "hang", stage: .content, action: .hang)
        hang.afterOctets = 10
        let rules = MailSinkRules([hang])
        try await withSink({ $0.rules = rules }) { (sink: MailSink) async throws in
            let start = "EHLO c\r\nMAIL FROM:<a@x.y>\r\nRCPT TO:<b@x.y>\r\nDATA\r\n"
            try await RawClient.giveUp(after: start, "Subject: all at once\r\n\r\nhello\r\n.\r\nQUIT\r\n", to: sink.addresses[0])
            await sink.wait { $0.connections == 1 && $0.openConnections == 0 }
            #expect(sink.statistics.messages == 0)
            #expect(sink.statistics.rules["hang"] == 1)
        }
    }

    @Test func waitingCanBeCancelled() async throws {
        try await withSink { (sink: MailSink) async throws in
            let task = Task { await sink.waitForMessages(1) }
            task.cancel()
            #expect(await task.value == false)
        }
    }

    @Test func certificates() async throws {
        var configuration = try MailSinkConfiguration.loopback()
        configuration.tls = .files(certificate: "/nonexistent/cert.pem", key: "/nonexistent/key.pem")
        let error = await #expect(throws: MailSinkError.self) { try await MailSink.start(configuration) }
        #expect(error?.code == .invalidCertificate)
    }
}
