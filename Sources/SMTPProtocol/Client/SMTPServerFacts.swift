/// What a client knows of the server once the session is ready for mail.
package struct SMTPServerFacts: Sendable, Hashable {
    /// The server's 220, or that of the connection's begin when TLS came after.
    package var banner: SMTPReply
    /// From the last `EHLO`; nothing when only `HELO` was understood.
    package var capabilities: EHLOCapabilities
    /// Whether `STARTTLS` was done in this session.
    package var isEncrypted: Bool
}
