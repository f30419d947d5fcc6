import ApusSchema
import Delivery
import Foundation
import MailSink
import SMTPProtocol
import Testing

/// Servers that hang, close, answer garbage, too much or in the wrong place: the right outcome, and no connection left.
@Suite(.timeLimit(.minutes(2))) struct HostileServerTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var stage: MailSinkStage
        var action: MailSinkRule.Action
        var testDescription: String { "\(self.action) at \(self.stage.rawValue)" }
    }

    static let faults: [Fault] = {
        let stages: [MailSinkStage] = [.connect, .ehlo, .mail, .rcpt, .data, .content, .dot]
        let actions: [MailSinkRule.Action] = [
            .close, .hang, .garbage(octets: 100), .garbage(octets: 100_000), .longLine(code: 250, octets: 20_000),
            .raw(Array("421 4.3.2 closing\r\n".utf8)), .raw(Array("\r\n\r\n".utf8)),
        ]
        return stages.flatMap { stage in actions.map { Fault(stage: stage, action: $0) } }
    }()

    /// Whatever a server does, the message is deferred or delivered, once, and no connection stays.
    @Test(arguments: Self.faults)
    func serverThatMisbehaves(_ fault: Fault) async throws {
        try await WorkerStage.run {
            $0.timeouts = SMTPTimeouts(all: .milliseconds(300))
            $0.sink.rules = MailSinkRules([WorkerTests.rule(fault.stage, fault.action)])
            $0.sink.idleTimeout = .seconds(2)
        } _: { stage in
            var message = Messages.message(1, to: ["a@x.test"])
            // More than one read of the server.
            if fault.stage == .content { message.body.append(Data(String(repeating: "0123456789\r\n", count: 200_000).utf8)) }
            try await stage.submit(message)
            try await stage.drained()
            let events = try stage.events
            #expect(events.count == 1)
            let delay = try #require(events.first).deliveryDelay
            #expect(delay.recipients.map(\.emailAddress) == ["a@x.test"], "\(events)")
            #expect(["TransientCommunicationFailure", "RecipientServerError"].contains(delay.delayType))
            #expect(try stage.waiting(.retry).count == 1)
        }
    }

    @Test(arguments: [MailSinkStage.mail, .rcpt, .data, .dot])
    func multilineRefusal(_ at: MailSinkStage) async throws {
        try await WorkerStage.run {
            $0.sink.rules = MailSinkRules([
                WorkerTests.rule(at, .reply(SMTPReply(code: 550, text: (0..<20).map { "5.7.1 line \($0)" }.joined(separator: "\n"))))
            ])
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(try stage.events.first?.bounce.recipients[0].diagnosticCode.hasPrefix("smtp; 550-5.7.1 line 0 550-5.7.1 line 1 ") == true)
        }
    }

    @Test func brokenStartTLSIsGivenUp() async throws {
        try await WorkerStage.run {
            $0.sink.tls = .selfSigned
            $0.sink.rules = MailSinkRules([WorkerTests.rule(.starttls, .raw(Array("220 go\r\nnot tls at all\r\n".utf8)))])
            $0.timeouts = SMTPTimeouts(all: .seconds(2))
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(try stage.events.first?.delivery.recipients == ["a@x.test"])
            #expect(stage.sink.messages.first?.tls == nil)
        }
    }

    @Test func startTLSIsUsedWhereOffered() async throws {
        try await WorkerStage.run {
            $0.sink.tls = .selfSigned
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(stage.sink.messages.first?.tls != nil)
        }
    }

    @Test func requiredTLSDefersWithoutIt() async throws {
        try await WorkerStage.run {
            $0.configuration.tlsPolicy = .required
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(try stage.events.first?.deliveryDelay.recipients[0].status == "4.7.4")
            #expect(stage.sink.statistics.messages == 0)
        }
    }

    @Test func idleConnectionThatTheServerClosedCostsNothing() async throws {
        try await WorkerStage.run {
            $0.sink.idleTimeout = .milliseconds(300)
            $0.configuration.lanes.connections = 1
        } _: { stage in
            for number in 1...3 {
                try await stage.submit(Messages.message(number, to: ["a@x.test"]))
                try await stage.drained()
                await stage.sink.waitUntilIdle()
            }
            #expect(stage.sink.statistics.messages == 3)
            #expect(try stage.events.allSatisfy { !$0.delivery.recipients.isEmpty })
        }
    }
}
