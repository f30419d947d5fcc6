/// What the application of a server is asked. Each request gets one ``SMTPServerAnswer``; the session reads no further command before it.
package enum SMTPServerRequest: Sendable {
    /// A connection was opened. Accepting sends the 220 greeting.
    case connect
    /// `EHLO` (extended) or `HELO` with the name the client gave.
    case hello(name: String, isExtended: Bool)
    /// `STARTTLS`. Accepting sends 220 and starts the handshake.
    case startTLS
    /// `AUTH`, with what the client gave.
    case authenticate(SMTPCredentials)
    /// `MAIL FROM`; nil is the null reverse path.
    case mail(sender: SMTPAddress?, SMTPMailParameters)
    /// `RCPT TO`.
    case recipient(SMTPAddress, SMTPRecipientParameters)
    /// `DATA`. Accepting sends 354. `BDAT` asks nothing before its content.
    case data
    /// The content is complete. Accepting means responsibility for the message (RFC 5321 section 4.2.5).
    ///
    /// - Parameter octets: of the content without stuffing.
    case message(octets: Int)
    case reset
    case noop
    /// `VRFY` with its argument. Accepting answers 252.
    case verify(String)
    case quit
}
