/// How `STARTTLS` (RFC 3207) is used on a connection that starts in clear.
package enum SMTPTLSPolicy: String, Sendable, Hashable {
    /// Never. Also for a connection that is encrypted from its first octet.
    case none
    /// When offered. When the server offers it and then refuses by a reply, the session goes on in clear; when it breaks, the interruption says
    /// ``SMTPInterruption/mayRetryInClear``.
    case opportunistic
    /// No TLS, no mail.
    case required
}
