package import NIOSSL
package import SMTPProtocol

/// How connections to servers are opened.
package struct SMTPClientConfiguration: Sendable {
    /// Dialogue: name, STARTTLS policy, pipelining, chunking.
    package var session: SMTPClientSession.Configuration
    package var timeouts = SMTPTimeouts()
    /// Trust and protocol versions. Needed unless the policy is `none` and ``startsEncrypted`` is false. An opportunistic policy goes with a context that verifies
    /// nothing: a certificate that does not hold is still better than no encryption.
    package var tlsContext: NIOSSLContext?
    /// Whether the connection starts with TLS (port 465, RFC 8314). The session's policy is then `none`.
    package var startsEncrypted = false

    package init(session: SMTPClientSession.Configuration, tlsContext: NIOSSLContext? = nil) {
        self.session = session
        self.tlsContext = tlsContext
    }
}
