/// One message to hand to a server: `MAIL`, `RCPT`…, content.
package struct SMTPTransaction: Sendable {
    /// The return path; nil is the null reverse path `<>` of bounces (RFC 5321 section 4.5.5).
    package var sender: SMTPAddress?
    /// At least one.
    package var recipients: [SMTPAddress]
    package var content: SMTPContent
    /// Whether the header holds non-ASCII, so that SMTPUTF8 is needed even when all addresses are ASCII (RFC 6531 section 3.2).
    package var requiresSMTPUTF8: Bool

    package init(sender: SMTPAddress?, recipients: [SMTPAddress], content: SMTPContent, requiresSMTPUTF8: Bool = false) {
        self.sender = sender
        self.recipients = recipients
        self.content = content
        self.requiresSMTPUTF8 = requiresSMTPUTF8
    }

    var needsSMTPUTF8: Bool {
        requiresSMTPUTF8 || !(sender?.isASCII ?? true) || !recipients.allSatisfy(\.isASCII)
    }
}
