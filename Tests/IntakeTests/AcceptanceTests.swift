import ApusCore
import ApusSchema
import Backends
import ControlPlane
import Intake
import MailMessage
import NIOCore
import SESModel
import TestBackends
import Testing

struct AcceptanceTests {
    private static let message =
        "Return-Path: <sender@example.com>\r\nFrom: \"Sender, A\" <sender@example.com>\r\nTo: X <x@example.net>, y@example.net\r\n"
        + "Bcc: hidden@example.net\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <own@example.com>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
        + "X-SES-MESSAGE-TAGS: a=1, b=2\r\nX-SES-CONFIGURATION-SET: main\r\nX-Keep: yes\r\n\r\nBody\r\n.\r\nend\r\n"

    private static let main = ConfigurationSet(
        account: AccountID("000000000000")!, name: "main", createdAt: UnixMilliseconds(0), maxDeliverySeconds: 3600)

    @Test func rawMessageForOneDomain() async throws {
        let fixture = try await IntakeFixture(sets: [Self.main])
        let id = try await fixture.intake.submit(fixture.raw(Self.message))
        #expect(MessageID(id.rawValue) == id)
        #expect(fixture.bus.batches.count == 1)
        #expect(fixture.bus.batches[0].map(\.topic) == ["apus.events", "apus.outbound.default.transactional"])
        let record = try #require(try fixture.outbound())
        #expect(fixture.bus.batches[0][1].key == Array("example.net".utf8))
        #expect(record.schema == 1)
        #expect(record.messageID == id.rawValue)
        #expect(record.account == fixture.account.id.rawValue)
        #expect(record.configurationSet == "main")
        #expect(record.returnPath == "\(id.rawValue)@mail.example.org")
        #expect(record.recipients == ["x@example.net", "y@example.net", "hidden@example.net"])
        #expect(record.destination == "example.net")
        #expect(record.acceptedAtMs == IntakeFixture.now.rawValue)
        #expect(record.expiresAtMs == IntakeFixture.now.rawValue + 3_600_000)
        #expect(record.resumeTopic == "apus.outbound.default.transactional")
        #expect(record.signingDomain.isEmpty)
        #expect(!record.eightBit)
        #expect(
            String(decoding: record.body, as: UTF8.self)
                == "From: \"Sender, A\" <sender@example.com>\r\nTo: X <x@example.net>, y@example.net\r\n"
                + "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <\(id.rawValue)@mail.example.org>\r\n"
                + "Date: Thu, 15 Jan 2026 12:00:00 +0000\r\nX-Keep: yes\r\n"
                + "Feedback-ID: ::1.us-east-1.\(fixture.account.id.rawValue):ApusMail\r\n\r\nBody\r\n.\r\nend\r\n")
        #expect(
            record.tags.map { "\($0.name)=\($0.value)" } == [
                "ses:operation=SendEmail", "ses:configuration-set=main", "ses:source-ip=192.0.2.1", "ses:from-domain=example.com",
                "ses:caller-identity=AKIAEXAMPLE", "a=1", "b=2",
            ])
        #expect(try await fixture.throttling.used(account: fixture.account.id) == 3)
        #expect(fixture.budget.used == 0)
    }

    @Test func theSendEventShowsTheMessageAsGiven() async throws {
        let fixture = try await IntakeFixture(sets: [Self.main])
        let id = try await fixture.intake.submit(fixture.raw(Self.message))
        let event = try #require(try fixture.events().first)
        #expect(event.messageID == id.rawValue)
        #expect(event.eventID.utf8.count == 32)
        guard case .send? = event.event else {
            Issue.record("not a Send event")
            return
        }
        let mail = event.mail
        #expect(mail.source == "Sender, A <sender@example.com>")
        #expect(mail.sourceArn == "arn:aws:ses:us-east-1:\(fixture.account.id.rawValue):identity/sender@example.com")
        #expect(mail.destination == ["x@example.net", "y@example.net", "hidden@example.net"])
        #expect(
            mail.headers.map(\.name) == [
                "Return-Path", "From", "To", "Bcc", "Subject", "Message-ID", "Date", "X-SES-MESSAGE-TAGS", "X-SES-CONFIGURATION-SET", "X-Keep",
            ])
        #expect(mail.from == ["Sender, A <sender@example.com>"])
        #expect(mail.to == ["X <x@example.net>", "y@example.net"])
        #expect(mail.subject == "Grüße" && mail.hasSubject_p)
        #expect(mail.returnPath == "sender@example.com")
        #expect(mail.date == "Mon, 1 Jan 2024 00:00:00 +0000")
        #expect(!mail.headersTruncated)
    }

    @Test func severalDomainsMakeOneRecordForTheSplitter() async throws {
        let fixture = try await IntakeFixture()
        var submission = fixture.simple(to: ["a@one.example", "b@two.example"])
        submission.cc = ["c@ONE.example"]
        submission.bcc = ["a@one.example", "A@one.example"]
        let id = try await fixture.intake.submit(submission)
        #expect(fixture.bus.batches[0].map(\.topic) == ["apus.events", "apus.submitted"])
        let record = try RecordCoding.decode(Apus_V1_SubmittedMessage.self, from: fixture.bus.batches[0][1].value)
        #expect(fixture.bus.batches[0][1].key == Array(id.rawValue.utf8))
        #expect(record.parts.map(\.destination) == ["one.example", "two.example"])
        #expect(record.parts.map(\.recipients) == [["a@one.example", "c@one.example", "A@one.example"], ["b@two.example"]])
        #expect(record.message.recipients.isEmpty && record.message.destination.isEmpty)
        #expect(try await fixture.throttling.used(account: fixture.account.id) == 4)
    }

    @Test func simpleContentIsComposed() async throws {
        let fixture = try await IntakeFixture()
        var submission = fixture.simple(from: "Jörg <sender@example.com>", subject: "Grüße 😀", html: "<p>Hi</p>")
        submission.bcc = ["hidden@example.net"]
        submission.replyTo = ["r@example.com"]
        submission.tags = [.init(name: "ses:feedback-id-a", value: "campaign")]
        let id = try await fixture.intake.submit(submission)
        let record = try #require(try fixture.outbound())
        let text = String(decoding: record.body, as: UTF8.self)
        #expect(text.contains("Message-ID: <\(id.rawValue)@mail.example.org>\r\n"))
        #expect(text.contains("\r\nFeedback-ID: campaign::1.us-east-1."))
        #expect(text.contains("\r\nReply-To: r@example.com\r\n"))
        #expect(text.contains("multipart/alternative"))
        #expect(!text.contains("hidden"))
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(record.recipients == ["x@example.net", "hidden@example.net"])
        #expect(record.mail.source == "Jörg <sender@example.com>")
        #expect(record.mail.subject == "Grüße 😀")
        #expect(record.expiresAtMs == IntakeFixture.now.rawValue + 50_400_000)
    }

    @Test func largeBodiesGoToTheBodyStore() async throws {
        let fixture = try await IntakeFixture()
        let line = String(repeating: "x", count: 76) + "\r\n"
        let body = String(repeating: line, count: (256 << 10) / 78 + 10)
        _ = try await fixture.intake.submit(fixture.raw("From: sender@example.com\r\nTo: x@example.net\r\n\r\n" + body))
        let record = try #require(try fixture.outbound())
        let stored = try #require(fixture.bodies.bodies[record.bodyReference])
        #expect(record.body.isEmpty)
        #expect(record.bodyOctets == UInt64(stored.bytes.readableBytes))
        #expect(Array(stored.bytes.readableBytesView).suffix(78) == Array(line.utf8)[...])
        #expect(stored.expiresAt == UnixMilliseconds(record.expiresAtMs + 86_400_000))
    }

    @Test func sharedBodiesGoToTheBodyStoreEarlier() async throws {
        let fixture = try await IntakeFixture()
        let text = String(repeating: "word ", count: 20_000)
        _ = try await fixture.intake.submit(fixture.simple(to: ["a@one.example"], text: text))
        #expect(fixture.bodies.bodies.isEmpty)
        _ = try await fixture.intake.submit(fixture.simple(to: ["a@one.example", "b@two.example"], text: text))
        #expect(fixture.bodies.bodies.count == 1)
    }

    @Test func theTestVirusIsRejectedByEvent() async throws {
        let fixture = try await IntakeFixture()
        let virus = String("*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X".reversed())
        var submission = fixture.simple()
        submission.content = .simple(
            SimpleContent(
                subject: "s", text: BodyText("t"), html: nil, attachments: [Attachment(content: Array(virus.utf8), fileName: "sample.txt")]))
        let id = try await fixture.intake.submit(submission)
        let events = try fixture.events()
        #expect(events.map(\.messageID) == [id.rawValue, id.rawValue])
        guard case .reject(let reject)? = events.last?.event else {
            Issue.record("not a Reject event")
            return
        }
        #expect(reject.reason == "Bad content")
        #expect(events[0].eventID != events[1].eventID)
        #expect(fixture.bus.batches.map { $0.map(\.topic) } == [["apus.events", "apus.events"]])
        // Rejected messages count, as in SES.
        #expect(try await fixture.throttling.used(account: fixture.account.id) == 1)
        _ = try await fixture.intake.submit(fixture.raw("From: sender@example.com\r\nTo: x@example.net\r\n\r\n\(virus)\r\n"))
        #expect(try fixture.events().count == 4)
    }

    @Test func theNearestSigningDomainIsNamed() async throws {
        let fixture = try await IntakeFixture(identities: ["example.com"], unverified: ["sub.example.com"])
        _ = try await fixture.intake.submit(fixture.simple(from: "a@sub.example.com"))
        let record = try #require(try fixture.outbound())
        #expect(record.signingDomain == "example.com")
        #expect(record.mail.sourceArn.hasSuffix(":identity/example.com"))
    }

    @Test func plusLabelsAndDomainCaseAreCovered() async throws {
        let fixture = try await IntakeFixture()
        _ = try await fixture.intake.submit(fixture.simple(from: "sender+label@EXAMPLE.com"))
        #expect(try fixture.outbound()?.mail.source == "sender+label@EXAMPLE.com")
    }

    @Test func eightBitBodiesAreMarked() async throws {
        let fixture = try await IntakeFixture()
        _ = try await fixture.intake.submit(fixture.raw("From: sender@example.com\r\nTo: x@example.net\r\n\r\nGrüße\r\n"))
        #expect(try fixture.outbound()?.eightBit == true)
    }

    @Test func fromIsAddedWhereARawMessageHasNone() async throws {
        let fixture = try await IntakeFixture()
        _ = try await fixture.intake.submit(fixture.raw("Subject: s\r\n\r\nb\r\n", from: "Sender <sender@example.com>", to: ["x@example.net"]))
        let body = String(decoding: try #require(try fixture.outbound()).body, as: UTF8.self)
        #expect(body.contains("From: Sender <sender@example.com>\r\n"))
    }

    @Test func headersInEventsAreCutAtTenKilobytes() async throws {
        let fixture = try await IntakeFixture()
        let headers = (0..<100).map { "X-Header-\($0): \(String(repeating: "v", count: 500))\r\n" }.joined()
        _ = try await fixture.intake.submit(fixture.raw("From: sender@example.com\r\nTo: x@example.net\r\n\(headers)\r\nb\r\n"))
        let mail = try #require(try fixture.outbound()).mail
        #expect(mail.headersTruncated)
        #expect(mail.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } <= 10 << 10)
        #expect(mail.headers.count > 10)
    }

    @Test func theIdentityDefaultSetApplies() async throws {
        let fixture = try await IntakeFixture(sets: [Self.main])
        try await fixture.controlPlane.updateIdentity("sender@example.com", account: fixture.account.id) { $0.configurationSet = "main" }
        _ = try await fixture.intake.submit(fixture.simple())
        #expect(try fixture.outbound()?.configurationSet == "main")
    }

    @Test func requestTagsReplaceTheHeaders() async throws {
        let fixture = try await IntakeFixture(sets: [Self.main])
        var submission = fixture.raw(Self.message)
        submission.tags = [.init(name: "c", value: "3")]
        _ = try await fixture.intake.submit(submission)
        #expect(try fixture.outbound()?.tags.map(\.name).contains("a") == false)
    }

    @Test func theSameInputGivesTheSameBytes() async throws {
        let first = try await IntakeFixture()
        let second = try await IntakeFixture()
        for fixture in [first, second] { _ = try await fixture.intake.submit(fixture.simple(html: "<b>x</b>")) }
        #expect(try first.outbound()?.body.count == second.outbound()?.body.count)
        #expect(try first.outbound()?.messageID == second.outbound()?.messageID)
        #expect(try first.events().map(\.eventID) == second.events().map(\.eventID))
    }
}
