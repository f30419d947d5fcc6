import FoundationEssentials
import MailSink
import NIOCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReactionTests {
    private final class Visits: Sendable {
        let all = Mutex<[String]>([])
    }

    private static let html =
        "Subject: x\r\nMessage-ID: <m@x>\r\nContent-Type: text/html\r\n\r\n<img src=https://t.test/o><a href=https://t.test/c>\r\n"

    private func reactions(_ json: String) throws -> MailSinkReactions {
        try JSONDecoder().decode(MailSinkReactions.self, from: Data(json.utf8))
    }

    private func wait(_ sender: ReactionSender, until isMet: (ReactionStatistics) -> Bool) async {
        // The test's time limit ends this.
        while !isMet(sender.statistics), !Task.isCancelled { await Task.yield() }
    }

    @Test func whoReactsIsAMatterOfAddressAndSeed() throws {
        let reactions = try reactions(
            #"{"dsn": {"share": 0.1}, "open": [{"share": 0.5, "recipient": "a*"}, {"share": 0.2, "recipient": "b*"}], "complaint": {"share": 1, "recipient": "cross*"}}"#
        )
        let recipients = (0..<10_000).map { "a\($0)@x.y" } + (0..<10_000).map { "b\($0)@x.y" }
        let chosen = reactions.choose(recipients: recipients, hasReturnPath: true, seed: 5)
        let failures = Set(chosen.filter { $0.reaction.kind == .dsn }.map(\.recipient))
        let opens = chosen.filter { $0.reaction.kind == .open }.map(\.recipient)
        #expect((1_800...2_200).contains(failures.count))
        #expect((4_300...4_700).contains(opens.filter { $0.hasPrefix("a") }.count))
        #expect((1_650...1_950).contains(opens.filter { $0.hasPrefix("b") }.count))
        // Who does not have it does not open it.
        #expect(failures.isDisjoint(with: opens))
        #expect(!chosen.contains { $0.reaction.kind == .complaint })
        let again = reactions.choose(recipients: recipients.reversed(), hasReturnPath: true, seed: 5)
        #expect(Set(again.filter { $0.reaction.kind == .dsn }.map(\.recipient)) == failures)
        #expect(Set(reactions.choose(recipients: recipients, hasReturnPath: true, seed: 6).map(\.recipient)) != Set(chosen.map(\.recipient)))
        // A bounce gets no bounce (RFC 5321 section 4.5.5).
        #expect(!reactions.choose(recipients: recipients, hasReturnPath: false, seed: 5).contains { $0.reaction.kind == .dsn })
    }

    @Test func failuresAndComplaintsAreSent() async throws {
        var target = try MailSinkConfiguration.loopback()
        target.keptMessages = 10
        target.loops = 1
        let inbox = try await MailSink.start(target)
        var configuration = ReactionSender.Configuration()
        configuration.target = inbox.addresses[0]
        let sender = try ReactionSender(configuration)
        let reactions = try reactions(
            #"{"dsn": {"share": 1, "recipient": "gone@*", "reply": "550 5.1.1 <{recipient}>: no such user"}, "complaint": {"share": 1, "recipient": "cross@*", "delay": "1ms"}}"#
        )
        try await SinkDialogue.with({
            $0.hostname = "mx.far.test"
            $0.reactions = reactions
            $0.reactionSender = sender
        }) { (sink: MailSink) async throws in
            let playing = Task { await sender.run() }
            let mail = RawClient.message(from: "bounce@x.y", to: ["gone@far.test", "cross@far.test", "calm@far.test"], content: Self.html)
            _ = try await SinkDialogue.codes(mail + RawClient.message(from: "", to: ["gone@far.test", "cross@far.test"]), sink)
            await inbox.waitForMessages(2)
            await wait(sender) { $0.dsn.played == 1 && $0.complaint.played == 1 }
            sender.finish()
            await playing.value
            #expect(sender.statistics.pending == 0 && sender.statistics.pendingOctets == 0)
        }
        let received = inbox.messages
        #expect(received.allSatisfy { $0.recipients == ["bounce@x.y"] })
        let failure = try #require(received.first { $0.sender.isEmpty })
        let failureText = String(buffer: failure.content)
        #expect(failure.hello == "mx.far.test")
        #expect(failureText.contains("Diagnostic-Code: smtp; 550 5.1.1 <gone@far.test>: no such user\r\n"))
        #expect(failureText.contains("Message-ID: <m@x>\r\n"))
        // The header section is returned, the body is not.
        #expect(!failureText.contains("https://t.test"))
        let complaint = try #require(received.first { !$0.sender.isEmpty })
        #expect(complaint.sender == "feedback@mx.far.test")
        #expect(String(buffer: complaint.content).contains("Original-Rcpt-To: <cross@far.test>\r\n"))
        await inbox.stop()
    }

    @Test func imagesAreLoadedAndLinksFollowed() async throws {
        let visits = Visits()
        var configuration = ReactionSender.Configuration()
        configuration.visit = { url, kind in
            visits.all.withLock { $0.append("\(kind.rawValue) \(url)") }
            return kind == .open
        }
        let sender = try ReactionSender(configuration)
        let reactions = try reactions(#"{"open": {"share": 1}, "click": {"share": 1}, "dsn": {"share": 1}}"#)
        try await SinkDialogue.with({
            $0.reactions = reactions
            $0.reactionSender = sender
        }) { (sink: MailSink) async throws in
            let playing = Task { await sender.run() }
            // Without a target there are no failures, and text has nothing to load.
            _ = try await SinkDialogue.codes(RawClient.message(content: Self.html) + RawClient.message(), sink)
            await wait(sender) { $0.pending == 0 && $0.open.played == 1 && $0.click.failed == 1 && $0.open.dropped == 1 && $0.click.dropped == 1 }
            sender.finish()
            await playing.value
        }
        #expect(visits.all.withLock { $0.sorted() } == ["click https://t.test/c", "open https://t.test/o"])
        #expect(sender.statistics.dsn == ReactionStatistics.Counts())
    }

    @Test func whatIsRefusedOrTooMuchIsNotPlayed() async throws {
        var configuration = ReactionSender.Configuration()
        configuration.visit = { _, _ in true }
        configuration.maximumPending = 3
        configuration.maximumMessageOctets = 1_000
        let sender = try ReactionSender(configuration)
        let reactions = try reactions(#"{"open": {"share": 1, "delay": "1h"}}"#)
        let rules = try MailSinkRules(json: Array(#"{"rules": [{"stage": "dot", "sender": "refused@*", "reply": "550 no"}]}"#.utf8))
        try await SinkDialogue.with({
            $0.reactions = reactions
            $0.reactionSender = sender
            $0.rules = rules
        }) { (sink: MailSink) async throws in
            let large = RawClient.message(content: Self.html + String(repeating: "x\r\n", count: 1_000))
            let refused = RawClient.message(from: "refused@x.y", content: Self.html)
            _ = try await SinkDialogue.codes(refused + large + (0..<5).map { _ in RawClient.message(content: Self.html) }.joined(), sink)
            #expect(sink.statistics.messages == 6)
            #expect(sender.statistics.pending == 3)
            #expect(sender.statistics.open.dropped == 3)
            #expect(sender.statistics.pendingOctets == 3 * Self.html.utf8.count)
        }
    }

    @Test func reportsStayOnThisMachine() throws {
        var configuration = ReactionSender.Configuration()
        configuration.target = try SocketAddress(ipAddress: "192.0.2.1", port: 25)
        #expect(throws: MailSinkError.self) { try ReactionSender(configuration) }
        configuration.mayLeaveMachine = true
        _ = try ReactionSender(configuration)
    }

    @Test(arguments: [
        "[]", #"{"dns": {"share": 1}}"#, #"{"dsn": {}}"#, #"{"dsn": {"share": 1.1}}"#, #"{"dsn": {"share": 1, "to": "a@x.y"}}"#,
        #"{"dsn": {"share": 1, "reply": "450 4.2.2 x"}}"#, #"{"open": {"share": 1, "reply": "550 x"}}"#,
        #"{"complaint": {"share": 1, "to": "nobody"}}"#,
        #"{"click": [{"share": 1}, {"share": 2}]}"#, #"{"click": {"share": 1, "delay": "x"}}"#, #"{"click": 0.5}"#,
    ])
    func mistakesAreRefused(_ json: String) {
        #expect(throws: DecodingError.self) { try reactions(json) }
    }
}
