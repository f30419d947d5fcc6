package import NIOSSL
package import SMTPProtocol

/// How an ``SMTPServer`` serves.
package struct SMTPServerConfiguration: Sendable {
    /// Dialogue and limits.
    package var session: SMTPServerSession.Configuration
    /// Certificate and key; needed for STARTTLS and for listeners with implicit TLS.
    package var tlsContext: NIOSSLContext?
    /// How long a client may be silent (RFC 5321 section 4.5.3.2.7 says 5 minutes at least).
    package var idleTimeout: Duration = .seconds(300)
    /// Open connections; one more is answered with 421.
    package var maximumConnections = 10_000
    /// Connections the kernel holds that were not accepted yet.
    package var backlog: Int32 = 4096

    package init(session: SMTPServerSession.Configuration) {
        self.session = session
    }
}
