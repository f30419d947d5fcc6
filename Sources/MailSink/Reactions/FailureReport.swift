import MailMessage
package import SMTPProtocol

/// A delivery status notification (RFC 3464): a provider that has accepted a message says that it could not deliver it.
package struct FailureReport: Sendable {
    /// The provider's host name.
    package var hostname: String
    /// Where the report goes: the return path of the message.
    package var returnPath: String
    package var recipient: String
    /// Why it failed.
    package var reply: SMTPReply
    /// For a person; nil is a usual text.
    package var text: String?
    /// What the client called itself.
    package var hello: String
    /// Milliseconds since 1970.
    package var arrivedAt: Int64
    package var date: Int64
    /// Makes `Message-ID` and boundary.
    package var id: UInt64
    /// The message's header section.
    package var header: [UInt8]

    package init(
        hostname: String, returnPath: String, recipient: String, reply: SMTPReply, text: String? = nil, hello: String, arrivedAt: Int64, date: Int64,
        id: UInt64, header: [UInt8]
    ) {
        self.hostname = hostname
        self.returnPath = returnPath
        self.recipient = recipient
        self.reply = reply
        self.text = text
        self.hello = hello
        self.arrivedAt = arrivedAt
        self.date = date
        self.id = id
        self.header = header
    }

    /// The whole message; to be sent with the null reverse path.
    package func compose() -> [UInt8] {
        let reason = ReportWriter.text(of: reply)
        let status = reply.enhancedStatus.map(\.description) ?? "\(reply.code / 100).0.0"
        var writer = ReportWriter(id: id, returned: header)
        writer.field("Auto-Submitted", "auto-replied")
        writer.field("X-Failed-Recipients", recipient)
        writer.header(
            from: "Mail Delivery Subsystem <mailer-daemon@\(hostname)>", to: "<\(returnPath)>", subject: "Delivery Status Notification (Failure)",
            date: date, id: id, host: hostname, reportType: "delivery-status", inReplyTo: ReportWriter.messageID(in: header))
        writer.part("text/plain; charset=utf-8", isEightBit: true)
        writer.text(
            text
                ?? """
                Delivery to the following recipient failed permanently:

                     \(recipient)

                The response of the mail server was:

                \(reason)
                """)
        writer.part("message/delivery-status")
        writer.field("Reporting-MTA", "dns; \(hostname)")
        if !hello.isEmpty { writer.field("Received-From-MTA", "dns; \(hello)") }
        writer.field("Arrival-Date", InternetDate.rfc5322(unixMilliseconds: arrivedAt))
        writer.emptyLine()
        writer.field("Final-Recipient", "rfc822; \(recipient)")
        writer.field("Action", "failed")
        writer.field("Status", status)
        writer.field("Diagnostic-Code", "smtp; \(reason)")
        writer.field("Last-Attempt-Date", InternetDate.rfc5322(unixMilliseconds: date))
        writer.emptyLine()
        return writer.finish(returning: header)
    }
}
