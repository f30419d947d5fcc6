import MailMessage
import MailSink
import SMTPProtocol
import Testing

@Suite struct ReportTests {
    private static let header =
        "Received: from a by b;\r\n\tThu, 15 Jan 2026 12:00:00 +0000\r\nMessage-ID: <0100@example.com>\r\nSubject: Gr\u{fc}\u{df}e\r\n"

    private func parts(_ message: [UInt8]) throws -> (RawMessage, [MIMEPart]) {
        let raw = try RawMessage(message, lineEndings: .reject)
        return (raw, try MIMEStructure(raw).leaves)
    }

    private func failure(_ change: (inout FailureReport) -> Void = { _ in }) -> FailureReport {
        var report = FailureReport(
            hostname: "mx.gmail.test", returnPath: "bounce+1@example.com", recipient: "u1.0@gmail.test",
            reply: SMTPReply(code: 550, text: "5.1.1 The email account does not exist.\n5.1.1 See https://support.test"), hello: "mail.example.com",
            arrivedAt: 1_768_478_400_000, date: 1_768_478_460_000, id: 0xABCDEF, header: Array(Self.header.utf8))
        change(&report)
        return report
    }

    /// RFC 3464 sections 2 and 2.3.
    @Test func failureReport() throws {
        let (message, parts) = try parts(failure().compose())
        let type = try #require(message.header.value("Content-Type").flatMap { ContentType(fieldValue: $0) })
        #expect(type.mediaType == "multipart/report")
        #expect(type.parameters["report-type"] == "delivery-status")
        #expect(message.header.text("To") == "<bounce+1@example.com>")
        #expect(message.header.text("From") == "Mail Delivery Subsystem <mailer-daemon@mx.gmail.test>")
        #expect(message.header.text("Auto-Submitted") == "auto-replied")
        #expect(message.header.text("In-Reply-To") == "<0100@example.com>")
        #expect(message.header.text("Date") == "Thu, 15 Jan 2026 12:01:00 +0000")
        #expect(parts.map(\.contentType.mediaType) == ["text/plain", "message/delivery-status", "text/rfc822-headers"])
        let text = String(decoding: parts[0].decodedBody(), as: UTF8.self)
        #expect(text.contains("u1.0@gmail.test"))
        #expect(text.contains("550-5.1.1 The email account does not exist.\r\n550 5.1.1 See"))
        let status = parts[1].decodedBody()
        let perMessage = try HeaderBlock(status)
        #expect(perMessage.text("Reporting-MTA") == "dns; mx.gmail.test")
        #expect(perMessage.text("Received-From-MTA") == "dns; mail.example.com")
        #expect(perMessage.text("Arrival-Date") == "Thu, 15 Jan 2026 12:00:00 +0000")
        let perRecipient = try HeaderBlock(Array(status[perMessage.bodyStart...]))
        #expect(perRecipient.text("Final-Recipient") == "rfc822; u1.0@gmail.test")
        #expect(perRecipient.text("Action") == "failed")
        #expect(perRecipient.text("Status") == "5.1.1")
        #expect(perRecipient.text("Diagnostic-Code") == "smtp; 550-5.1.1 The email account does not exist. 550 5.1.1 See https://support.test")
        #expect(parts[2].encoding == .eightBit)
        #expect(parts[2].decodedBody() == Array(Self.header.utf8))
    }

    @Test func whatTheFarSideChoseAddsNothing() throws {
        let hostile = failure {
            $0.recipient = "x\r\nAction: delivered\r\n\r\n--y@z"
            $0.hello = "a\r\nEvil: yes"
            $0.text = "one\ntwo\r\nthree\u{0}"
            $0.reply = SMTPReply(code: 599, text: "")
            $0.header = Array("--=_report_0000000000abcdef--\r\nX: y".utf8)
        }
        let (_, parts) = try parts(hostile.compose())
        #expect(parts.map(\.contentType.mediaType) == ["text/plain", "message/delivery-status", "text/rfc822-headers"])
        #expect(parts[0].decodedBody() == Array("one\r\ntwo\r\nthree ".utf8))
        #expect(parts[2].decodedBody() == Array("--=_report_0000000000abcdef--\r\nX: y\r\n".utf8))
        let status = parts[1].decodedBody()
        let perMessage = try HeaderBlock(status)
        #expect(perMessage.value("Evil") == nil)
        let perRecipient = try HeaderBlock(Array(status[perMessage.bodyStart...]))
        #expect(perRecipient.all("Action").count == 1)
        #expect(perRecipient.text("Action") == "failed")
        #expect(perRecipient.text("Status") == "5.0.0")
    }

    /// RFC 5965 sections 2 and 3.
    @Test func feedbackReport() throws {
        let report = FeedbackReport(
            hostname: "mx.yahoo.test", to: "fbl@example.com", sender: "bounce+1@example.com", recipient: "u1.0@yahoo.test", source: "127.0.0.1",
            arrivedAt: 1_768_478_400_000, date: 1_768_478_460_000, id: 1, header: Array(Self.header.utf8))
        let (message, parts) = try parts(report.compose())
        let type = try #require(message.header.value("Content-Type").flatMap { ContentType(fieldValue: $0) })
        #expect(type.mediaType == "multipart/report")
        #expect(type.parameters["report-type"] == "feedback-report")
        #expect(message.header.text("To") == "<fbl@example.com>")
        #expect(parts.map(\.contentType.mediaType) == ["text/plain", "message/feedback-report", "text/rfc822-headers"])
        let fields = try HeaderBlock(parts[1].decodedBody())
        #expect(fields.text("Feedback-Type") == "abuse")
        #expect(fields.text("User-Agent")?.isEmpty == false)
        #expect(fields.text("Version") == "1")
        #expect(fields.text("Original-Mail-From") == "<bounce+1@example.com>")
        #expect(fields.text("Original-Rcpt-To") == "<u1.0@yahoo.test>")
        #expect(fields.text("Source-IP") == "127.0.0.1")
        #expect(fields.text("Reported-Domain") == "example.com")
        #expect(parts[2].decodedBody() == Array(Self.header.utf8))
    }
}
