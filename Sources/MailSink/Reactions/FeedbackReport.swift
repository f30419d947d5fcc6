import MailMessage

/// A complaint in the Abuse Reporting Format (RFC 5965): a recipient has called a message spam, and the provider tells the sender.
package struct FeedbackReport: Sendable {
    /// The provider's host name.
    package var hostname: String
    /// Where the report goes.
    package var to: String
    /// The return path of the message; empty for the null one.
    package var sender: String
    package var recipient: String
    /// The IP address that it came from.
    package var source: String
    /// Milliseconds since 1970.
    package var arrivedAt: Int64
    package var date: Int64
    /// Makes `Message-ID` and boundary.
    package var id: UInt64
    /// The message's header section.
    package var header: [UInt8]

    package init(
        hostname: String, to: String, sender: String, recipient: String, source: String, arrivedAt: Int64, date: Int64, id: UInt64, header: [UInt8]
    ) {
        self.hostname = hostname
        self.to = to
        self.sender = sender
        self.recipient = recipient
        self.source = source
        self.arrivedAt = arrivedAt
        self.date = date
        self.id = id
        self.header = header
    }

    /// Who sends it.
    package var from: String { "feedback@\(hostname)" }

    /// The whole message.
    package func compose() -> [UInt8] {
        var writer = ReportWriter(id: id, returned: header)
        writer.header(
            from: "<\(from)>", to: "<\(to)>", subject: "Complaint about a message from \(source)", date: date, id: id, host: hostname,
            reportType: "feedback-report", inReplyTo: nil)
        writer.part("text/plain; charset=utf-8", isEightBit: true)
        writer.text(
            """
            This is an email abuse report for an email message received from IP
            \(source) on \(InternetDate.rfc5322(unixMilliseconds: arrivedAt)).
            For more information about this format please see
            https://www.rfc-editor.org/rfc/rfc5965.
            """)
        writer.part("message/feedback-report")
        writer.field("Feedback-Type", "abuse")
        writer.field("User-Agent", "ApusLoadtest/1.0")
        writer.field("Version", "1")
        writer.field("Original-Mail-From", "<\(sender)>")
        writer.field("Original-Rcpt-To", "<\(recipient)>")
        writer.field("Arrival-Date", InternetDate.rfc5322(unixMilliseconds: arrivedAt))
        writer.field("Reporting-MTA", "dns; \(hostname)")
        if !source.isEmpty { writer.field("Source-IP", source) }
        if let domain = sender.utf8.lastIndex(of: 0x40).map({ sender[sender.utf8.index(after: $0)...] }) {
            writer.field("Reported-Domain", String(domain))
        }
        writer.emptyLine()
        return writer.finish(returning: header)
    }
}
