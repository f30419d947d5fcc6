import ApusCore
import Backends
import ControlPlane
import Intake
import MailMessage
import SESModel
import TestBackends
import Testing

/// Bad input: a clear answer in SES's words, and nothing enqueued, counted or stored.
struct RefusalTests {
    private static let head = "From: sender@example.com\r\nTo: x@example.net\r\n"

    @Test(arguments: [
        ("", "Invalid email address ."), ("plain", "Missing final '@domain'"), ("a@", "Missing domain"), ("@b.c", "Missing local name"),
        ("a b@c.d", "Local address contains control or whitespace"), ("a@b.c, d@e.f", "Illegal address"), ("a@b.c\r\nBcc: v@w.x", "Illegal address"),
        ("a@b.c\nX", "Illegal address"), ("Name\r\n <a@b.c>", "Illegal address"), ("a\u{0}@b.c", "Illegal address"),
        ("ü@b.c", "Local address contains control or whitespace"), ("group: a@b.c;", "Illegal address"), ("a@b..c", "Illegal address"),
    ])
    func addresses(text: String, message: String) async throws {
        let fixture = try await IntakeFixture()
        let refusals = [
            try await fixture.refusal(fixture.simple(to: [text])),
            try await fixture.refusal(fixture.simple(from: text)),
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.cc = [text]; return s
                }()),
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.replyTo = [text]; return s
                }()),
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.feedbackForwardingAddress = text; return s
                }()),
        ]
        for refusal in refusals { #expect(refusal?.kind == .badRequest) }
        #expect(refusals[0]?.message == message)
    }

    @Test(arguments: ["setup.exe", "SETUP.EXE", "a.b.JS", "x.vbs. .", "run.ps1xml", "link.url", "data.mdb"])
    func attachmentsThatSESDoesNotTake(name: String) async throws {
        let fixture = try await IntakeFixture()
        let expected = "Illegal filename '\(name)': attachments with this extension are not accepted."
        var submission = fixture.simple()
        submission.content = .simple(
            SimpleContent(subject: "s", text: BodyText("t"), html: nil, attachments: [Attachment(content: [1], fileName: name)]))
        #expect(try await fixture.refusal(submission) == SESError(.badRequest, expected))
        // As a part, also inside a message that is enclosed, by either field.
        let part = "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"\(name)\"\r\n\r\nx\r\n"
        let named = "Content-Type: application/octet-stream; name=\"\(name)\"\r\n\r\nx\r\n"
        for inner in [part, named, "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\(part)"] {
            let raw =
                Self.head + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\(inner)--b--\r\n"
            #expect(try await fixture.refusal(fixture.raw(raw)) == SESError(.badRequest, expected))
        }
    }

    @Test(arguments: ["report.pdf", "exe", ".profile", "a.exe.pdf", "archive.tar.gz", "no extension", "x.example"])
    func attachmentsThatAreTaken(name: String) async throws {
        let fixture = try await IntakeFixture()
        var submission = fixture.simple()
        submission.content = .simple(
            SimpleContent(subject: "s", text: BodyText("t"), html: nil, attachments: [Attachment(content: [1], fileName: name)]))
        _ = try await fixture.intake.submit(submission)
    }

    @Test func unverifiedSendersAreNamedInDisplayForm() async throws {
        let fixture = try await IntakeFixture(unverified: ["pending@example.com"])
        #expect(
            try await fixture.refusal(fixture.simple(from: "Pending One <pending@example.com>"))
                == SESError(
                    .messageRejected,
                    "Email address is not verified. The following identities failed the check in region US-EAST-1: Pending One <pending@example.com>")
        )
        #expect(
            try await fixture.refusal(
                fixture.raw("From: a@other.example, sender@example.com\r\nSender: B <b@other.example>\r\nTo: x@example.net\r\n\r\nb"))
                == SESError(
                    .messageRejected,
                    "Email address is not verified. The following identities failed the check in region US-EAST-1: a@other.example, B <b@other.example>"
                ))
        #expect(
            try await fixture.refusal(fixture.raw("Return-Path: <r@other.example>\r\n" + Self.head + "\r\nb"))?.kind == .messageRejected)
        #expect(
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.feedbackForwardingAddress = "f@other.example"; return s
                }())?.kind
                == .messageRejected)
        #expect(try await fixture.refusal(fixture.raw(Self.head + "\r\nb", from: "a@other.example"))?.kind == .messageRejected)
    }

    @Test func otherAccountsIdentitiesDoNotCount() async throws {
        var fixture = try await IntakeFixture()
        fixture.account = try await fixture.controlPlane.createAccount(name: "other")
        #expect(try await fixture.refusal(fixture.simple())?.kind == .messageRejected)
    }

    @Test func foreignARNsAreDenied() async throws {
        let fixture = try await IntakeFixture()
        for arn in ["arn:aws:ses:us-east-1:999999999999:identity/sender@example.com", "x"] {
            #expect(
                try await fixture.refusal(
                    {
                        var s = fixture.simple(); s.identityARNs = [arn]; return s
                    }())?.kind == .accessDenied)
        }
        var submission = fixture.simple()
        submission.identityARNs = ["arn:aws:ses:us-east-1:\(fixture.account.id.rawValue):identity/sender@example.com"]
        _ = try await fixture.intake.submit(submission)
    }

    @Test func recipientCounts() async throws {
        let fixture = try await IntakeFixture()
        let many = (1...51).map { "r\($0)@example.net" }
        #expect(try await fixture.refusal(fixture.simple(to: many)) == .badRequest("Recipient count exceeds 50."))
        #expect(
            try await fixture.refusal(
                {
                    var s = fixture.simple(to: Array(many.prefix(25))); s.cc = Array(many.prefix(20)); s.bcc = Array(many.prefix(6)); return s
                }())
                == .badRequest("Recipient count exceeds 50."))
        #expect(
            try await fixture.refusal(fixture.raw("From: sender@example.com\r\nTo: \(many.joined(separator: ",\r\n "))\r\n\r\nb"))
                == .badRequest("Recipient count exceeds 50."))
        #expect(try await fixture.refusal(fixture.simple(to: nil)) == .badRequest("At least one recipient must be specified."))
        #expect(
            try await fixture.refusal(fixture.raw("From: sender@example.com\r\n\r\nb"))
                == .badRequest("At least one recipient must be specified."))
        _ = try await fixture.intake.submit(fixture.simple(to: Array(many.prefix(50))))
    }

    @Test func missingSender() async throws {
        let fixture = try await IntakeFixture()
        #expect(try await fixture.refusal(fixture.raw("To: x@example.net\r\n\r\nb")) == .badRequest("Missing required header 'From'."))
        #expect(try await fixture.refusal(fixture.simple(from: nil)) == .badRequest("FromEmailAddress must be specified."))
    }

    @Test func sizes() async throws {
        let fixture = try await IntakeFixture(maximumMessageBytes: 10_000)
        #expect(
            try await fixture.refusal(fixture.raw(Self.head + "\r\n" + String(repeating: "x\r\n", count: 4000)))
                == .badRequest("Message length is more than 10000 bytes long."))
        // Fits as given, and is too large once it is encoded.
        var submission = fixture.simple()
        submission.content = .simple(
            SimpleContent(
                subject: "s", text: BodyText("t"), html: nil, attachments: [Attachment(content: [UInt8](repeating: 1, count: 9000), fileName: "f")]))
        #expect(try await fixture.refusal(submission) == .badRequest("Message length is more than 10000 bytes long."))
        #expect(try await fixture.refusal(fixture.raw([UInt8]())) == .badRequest("The message is empty."))
    }

    @Test func messages() async throws {
        let fixture = try await IntakeFixture()
        #expect(
            try await fixture.refusal(fixture.raw(Self.head + "Subject: a\r\nsubject: b\r\n\r\nb")) == .badRequest("Duplicate header 'subject'."))
        #expect(try await fixture.refusal(fixture.raw(Self.head + "\r\na\u{0}b"))?.kind == .badRequest)
        #expect(
            try await fixture.refusal(fixture.raw(Self.head + "\r\n" + String(repeating: "x", count: 999) + "\r\n"))?.message?
                .contains("a line that is too long") == true)
        let parts = (0...500).map { "--b\r\n\r\n\($0)\r\n" }.joined() + "--b--\r\n"
        #expect(
            try await fixture.refusal(fixture.raw(Self.head + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts))
                == .badRequest("The message has too many MIME parts."))
        #expect(try await fixture.refusal(fixture.raw("From: @@\r\nTo: x@example.net\r\n\r\nb"))?.kind == .badRequest)
        #expect(
            try await fixture.refusal(fixture.raw(Self.head + "X-SES-LIST-MANAGEMENT-OPTIONS: l; topic=t\r\n\r\nb"))?.message?
                .contains("X-SES-LIST-MANAGEMENT-OPTIONS is not supported") == true)
    }

    @Test(arguments: ["a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\u{0}b"])
    func lineBreaksInSimpleContent(text: String) async throws {
        let fixture = try await IntakeFixture()
        #expect(try await fixture.refusal(fixture.simple(subject: text))?.kind == .badRequest)
        for attachment in [
            Attachment(content: [], fileName: "f", contentID: text), Attachment(content: [], fileName: "f", contentDescription: text),
            Attachment(content: [], fileName: "f", contentType: text),
        ] {
            var submission = fixture.simple()
            submission.content = .simple(SimpleContent(subject: "s", text: BodyText("t"), html: nil, attachments: [attachment]))
            #expect(try await fixture.refusal(submission)?.kind == .badRequest)
        }
    }

    @Test(arguments: [("Subject", "x"), ("From", "x"), ("X-SES-Tenant", "x"), ("x-ses-message-tags", "a=b"), ("Message-ID", "<a@b>")])
    func reservedHeadersInSimpleContent(name: String, value: String) async throws {
        let fixture = try await IntakeFixture()
        var submission = fixture.simple()
        submission.content = .simple(SimpleContent(subject: "s", text: BodyText("t"), html: nil, headers: [(name: name, value: value)]))
        #expect(try await fixture.refusal(submission)?.kind == .badRequest)
    }

    @Test func simpleContentNeedsABodyAndHeadersOnce() async throws {
        let fixture = try await IntakeFixture()
        #expect(try await fixture.refusal(fixture.simple(text: nil)) == .badRequest("Body must have a Text or an Html part."))
        var submission = fixture.simple()
        submission.content = .simple(
            SimpleContent(subject: "s", text: BodyText("t"), html: nil, headers: [(name: "X-A", value: "1"), (name: "x-a", value: "2")]))
        #expect(try await fixture.refusal(submission) == .badRequest("Duplicate header 'x-a'."))
    }

    @Test(arguments: [
        ("", "v", "The tag name must be specified."), ("n", "", "The tag value must be specified."),
        ("a b", "v", "Invalid tag name <a b>: only alphanumeric ASCII characters, '_',  '-' are allowed."),
        ("ses:own", "v", "Invalid tag name <ses:own>: only alphanumeric ASCII characters, '_',  '-' are allowed."),
        ("n", "v,w", "Invalid tag value <v,w>: only alphanumeric ASCII characters, '_',  '-' , '.', '@' are allowed."),
        ("é", "v", "Invalid tag name <é>: only alphanumeric ASCII characters, '_',  '-' are allowed."),
        (String(repeating: "n", count: 257), "v", "Tag name cannot exceed 255 characters."),
    ])
    func tags(name: String, value: String, message: String) async throws {
        let fixture = try await IntakeFixture()
        #expect(
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.tags = [.init(name: name, value: value)]; return s
                }())
                == .badRequest(message))
    }

    @Test func tooManyTags() async throws {
        let fixture = try await IntakeFixture()
        let tags = (0..<51).map { Submission.Tag(name: "n\($0)", value: "v") }
        #expect(
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.tags = tags; return s
                }())?.kind == .badRequest)
        let header = "X-SES-MESSAGE-TAGS: " + (0..<60).map { "n\($0)=v" }.joined(separator: ", ") + "\r\n"
        #expect(try await fixture.refusal(fixture.raw(Self.head + header + "\r\nb"))?.kind == .badRequest)
    }

    @Test func configurationSets() async throws {
        let account = AccountID("000000000000")!
        let paused = ConfigurationSet(account: account, name: "paused", createdAt: UnixMilliseconds(0), sendingEnabled: false)
        let fixture = try await IntakeFixture(sets: [paused])
        #expect(
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.configurationSet = "none"; return s
                }())
                == SESError(.notFound, "Configuration set <none> does not exist."))
        #expect(
            try await fixture.refusal(
                {
                    var s = fixture.simple(); s.configurationSet = "paused"; return s
                }())
                == SESError(.sendingPaused, "Sending is paused for configuration set paused"))
        #expect(
            try await fixture.refusal(fixture.raw(Self.head + "X-SES-CONFIGURATION-SET: none\r\n\r\nb"))?.kind == .notFound)
        try await fixture.controlPlane.updateIdentity("sender@example.com", account: fixture.account.id) { $0.configurationSet = "gone" }
        #expect(try await fixture.refusal(fixture.simple()) == .badRequest("Configuration set <gone> does not exist."))
    }

    @Test func pausedAccount() async throws {
        var fixture = try await IntakeFixture()
        fixture.account.sendingEnabled = false
        #expect(try await fixture.refusal(fixture.simple())?.kind == .sendingPaused)
    }

    @Test func quotaAndRate() async throws {
        var fixture = try await IntakeFixture(ratePolicy: .reject)
        fixture.account.maximum24HourSend = 2
        #expect(
            try await fixture.refusal(fixture.simple(to: ["a@b.c", "d@b.c", "e@b.c"]))
                == SESError(.tooManyRequests, "Daily message quota exceeded."))
        fixture.throttling.setTokens(0)
        #expect(try await fixture.refusal(fixture.simple()) == SESError(.tooManyRequests, "Maximum sending rate exceeded."))
    }

    @Test func aRateIsOnlyPacedByDefault() async throws {
        let fixture = try await IntakeFixture()
        fixture.throttling.setTokens(0)
        _ = try await fixture.intake.submit(fixture.simple())
    }

    @Test func backendsAway() async throws {
        let fixture = try await IntakeFixture()
        fixture.throttling.setAway(true)
        await #expect(throws: SESError.self) { try await fixture.intake.submit(fixture.simple()) }
        fixture.throttling.setAway(false)
        #expect(fixture.bus.batches.isEmpty)

        // Certain not to be written: the quota comes back.
        fixture.bus.fail(with: BusError(.recordTooLarge, "large"))
        #expect(try await fixture.refusal(fixture.simple())?.kind == .internalFailure)
        fixture.bus.fail(with: nil)
        fixture.bodies.fail(with: BodyError(.unavailable, "away"))
        let large = Self.head + "\r\n" + String(repeating: "x\r\n", count: 100_000)
        #expect(try await fixture.refusal(fixture.raw(large))?.kind == .serviceUnavailable)
        fixture.bodies.fail(with: nil)

        // Not known: it stays counted, so that the quota is never passed.
        fixture.bus.fail(with: BusError(.unavailable, "away"))
        await #expect(throws: SESError.self) { try await fixture.intake.submit(fixture.simple()) }
        #expect(try await fixture.throttling.used(account: fixture.account.id) == 1)
    }

    @Test func theByteBudgetRefuses() async throws {
        let fixture = try await IntakeFixture()
        #expect(fixture.budget.reserve(256 << 20))
        await #expect(throws: SESError(.serviceUnavailable, "Too many bytes of messages are being taken in. Try again.")) {
            try await fixture.intake.submit(fixture.simple())
        }
        fixture.budget.release(256 << 20)
        _ = try await fixture.intake.submit(fixture.simple())
    }
}
