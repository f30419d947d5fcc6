import MailSink
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPTransport
import Testing

/// A real server that misbehaves in every way at every stage: the right outcome, and nobody keeps a connection.
@Suite(.timeLimit(.minutes(2))) struct MisbehaviourTests {
    enum Behaviour: String, CaseIterable, Sendable {
        case transient, permanent, multiline, closing, close, hang, garbage, longLine, endless
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var stage: MailSinkStage
        var behaviour: Behaviour
        var testDescription: String { "\(behaviour.rawValue) at \(stage.rawValue)" }
    }

    static let cases: [Case] = [MailSinkStage.connect, .ehlo, .starttls, .mail, .rcpt, .data, .content, .dot, .rset, .quit].flatMap { stage in
        Behaviour.allCases.map { Case(stage: stage, behaviour: $0) }
    }

    /// Our stage for the sink's.
    private static let stages: [MailSinkStage: SMTPStage] = [
        .connect: .banner, .ehlo: .hello, .starttls: .startTLS, .mail: .mail, .rcpt: .recipient, .data: .data, .content: .content, .dot: .finalDot,
        .rset: .reset, .quit: .quit,
    ]

    private static func rule(_ test: Case) -> MailSinkRule {
        var rule = MailSinkRule(name: "r", stage: test.stage, action: .close)
        switch test.behaviour {
        case .transient: rule.action = .reply(SMTPReply(code: 451, text: "4.3.0 later"))
        case .permanent: rule.action = .reply(SMTPReply(code: 554, text: "5.7.1 never"))
        case .multiline: rule.action = .reply(SMTPReply(code: 550, text: (0..<50).map { "5.7.1 line \($0)" }.joined(separator: "\n")))
        case .closing:
            rule.action = .reply(SMTPReply(code: 421, text: "4.3.2 closing"))
            rule.thenCloses = true
        case .close: rule.action = .close
        case .hang: rule.action = .hang
        case .garbage: rule.action = .garbage(octets: 1000)
        case .longLine: rule.action = .longLine(code: 250, octets: 100_000)
        case .endless: rule.action = .raw(Array(String(repeating: "250-more\r\n", count: 5000).utf8))
        }
        return rule
    }

    @Test(arguments: cases) func misbehaviour(_ test: Case) async throws {
        var rules = [Self.rule(test)]
        // RSET is only said after a transaction that left something behind.
        if test.stage == .rset {
            var first = MailSinkRule(name: "first", stage: .data, action: .reply(SMTPReply(code: 451, text: "4.3.0 first")))
            first.first = 1
            rules.append(first)
        }
        var harness = try await TransportHarness(rules: rules) { $0.tls = test.stage == .starttls ? .selfSigned : .none }
        harness.configuration.session.tlsPolicy = test.stage == .starttls ? .required : .none
        harness.configuration.timeouts = TransportHarness.timeouts(silentAt: test.behaviour == .hang ? Self.stages[test.stage] : nil)
        switch test.stage {
        case .connect, .ehlo, .starttls:
            let connecting = harness
            // HELO is tried after a refused EHLO and refused by the same rule.
            let failure = try #require(await #expect(throws: SMTPInterruption.self) { _ = try await connecting.connect() })
            check(failure, test)
        default:
            let connection = try await harness.connect()
            if test.stage == .rset { _ = try await TransportHarness.send(TransportHarness.transaction(), on: connection) }
            let content =
                "Subject: x\r\n\r\n" + String(repeating: String(repeating: "x", count: 70) + "\r\n", count: test.stage == .content ? 200_000 : 10)
            // Where the server speaks while content is sent, the end is held back: which of the two came first would be a matter of luck.
            let gate = TransportHarness.eventLoop.makePromise(of: Void.self)
            if test.stage != .content { gate.succeed() }
            let result = try await TransportHarness.eventLoop.flatSubmit {
                connection.send(TransportHarness.transaction(content: content)) { _ in gate.futureResult }
            }.get()
            gate.succeed()
            check(try #require(result.recipients.first), test)
            try await TransportHarness.quit(connection)
        }
        #expect((harness.sink.statistics.rules["r"] ?? 0) >= 1)
        await harness.stop()
    }

    private func check(_ failure: SMTPInterruption, _ test: Case) {
        #expect(failure.stage == Self.stages[test.stage])
        #expect(!failure.dataMayBeAccepted)
        switch (test.behaviour, failure.cause) {
        case (.transient, .reply(let reply)): #expect(reply.code == 451)
        case (.permanent, .reply(let reply)): #expect(reply.code == 554)
        case (.multiline, .reply(let reply)): #expect(reply.code == 550 && reply.lines.count == 50)
        case (.closing, .reply(let reply)): #expect(reply.code == 421)
        case (.close, .connectionClosed), (.hang, .timedOut): break
        case (.garbage, .protocolViolation(let error)): #expect(error.code == .malformedReply)
        case (.longLine, .protocolViolation(let error)): #expect(error.code == .replyLineTooLong)
        case (.endless, .protocolViolation(let error)): #expect(error.code == .replyHasTooManyLines)
        default: Issue.record("\(test.testDescription): \(failure)")
        }
    }

    private func check(_ outcome: SMTPRecipientOutcome, _ test: Case) {
        if test.stage == .quit {
            #expect(outcome.failureClass == nil)
            return
        }
        let stage = Self.stages[test.stage]
        // The message may be there only when the server had all of it and gave no verdict.
        let isVerdict = [.transient, .permanent, .multiline, .closing].contains(test.behaviour)
        #expect(outcome.isInDoubt == (test.stage == .dot && !isVerdict))
        #expect(outcome.failureClass == ([.permanent, .multiline].contains(test.behaviour) && test.stage != .rset ? .permanent : .transient))
        switch (test.behaviour, outcome) {
        case (.transient, .deferred(let reply, let at)): #expect(reply.code == 451 && at == stage)
        case (.permanent, .rejected(let reply, let at)): #expect(reply.code == 554 && at == stage)
        case (.multiline, .rejected(let reply, let at)): #expect(reply.lines.count == 50 && at == stage)
        case (.closing, .deferred(let reply, let at)): #expect(reply.code == 421 && at == stage)
        case (_, .interrupted(let interruption)):
            #expect(interruption.stage == stage)
            switch (test.behaviour, interruption.cause) {
            case (.transient, .reply), (.permanent, .reply), (.multiline, .reply): #expect(test.stage == .rset)
            case (.close, .connectionClosed), (.hang, .timedOut): break
            case (.garbage, .protocolViolation(let error)): #expect(error.code == .malformedReply)
            case (.longLine, .protocolViolation(let error)): #expect(error.code == .replyLineTooLong)
            case (.endless, .protocolViolation(let error)): #expect(error.code == .replyHasTooManyLines)
            default: Issue.record("\(test.testDescription): \(outcome)")
            }
        default: Issue.record("\(test.testDescription): \(outcome)")
        }
    }

    // MARK: - Broken STARTTLS

    /// 220, and then no TLS: something else, silence, or nothing.
    @Test(arguments: ["garbage", "close", "injection", "plain", "silence"], [SMTPTLSPolicy.opportunistic, .required])
    func brokenStartTLS(_ kind: String, _ policy: SMTPTLSPolicy) async throws {
        var rule = MailSinkRule(name: "r", stage: .starttls, action: .raw(Array("220 go\r\n".utf8)))
        switch kind {
        case "close": rule.thenCloses = true
        case "injection": rule.action = .raw(Array("220 go\r\n250 injected\r\n".utf8))
        case "plain", "silence": rule.action = .raw(Array("220 go\r\n".utf8))
        default: break
        }
        // Without a TLS context of its own the sink cannot do the handshake: it reads the ClientHello as a command, or nothing at all.
        var harness = try await TransportHarness(rules: [rule]) { configuration in
            configuration.session.extensions.insert(.startTLS)
            if kind == "silence" { configuration.session.commandLineOctets = 1 << 20 }
        }
        harness.configuration.session.tlsPolicy = policy
        harness.configuration.timeouts = TransportHarness.timeouts(silentAt: kind == "silence" ? .tlsHandshake : nil)
        let connecting = harness
        let failure = try #require(await #expect(throws: SMTPInterruption.self) { _ = try await connecting.connect() })
        #expect(failure.stage == (kind == "injection" ? .startTLS : .tlsHandshake))
        #expect(failure.mayRetryInClear == (policy == .opportunistic))
        if kind == "injection" { #expect(failure.cause == .protocolViolation(SMTPProtocolError(.plaintextAfterStartTLS))) }
        if policy == .opportunistic {
            // The way out that the failure offers.
            harness.configuration.session.tlsPolicy = .none
            let connection = try await harness.connect()
            let result = try await TransportHarness.send(TransportHarness.transaction(), on: connection)
            #expect(result.recipients.first?.failureClass == nil)
            try await TransportHarness.quit(connection)
        }
        await harness.stop()
    }
}
