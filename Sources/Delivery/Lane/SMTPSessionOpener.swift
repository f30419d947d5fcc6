package import NIOCore
package import NIOSSL
package import SMTPProtocol
internal import SMTPTransport

/// Opens ``MailSession``s by SMTP.
package struct SMTPSessionOpener: MailSessionOpening {
    private let session: SMTPClientSession.Configuration
    private let timeouts: SMTPTimeouts
    private let opportunisticContext: NIOSSLContext
    private let requiredContext: NIOSSLContext

    /// - Parameters:
    ///   - session: EHLO name, pipelining and the like; its TLS policy is replaced for every connection.
    ///   - timeouts: of every stage.
    ///   - trustRoots: what required TLS trusts.
    /// - Throws: `NIOSSLError` when the trust roots cannot be read.
    package init(session: SMTPClientSession.Configuration, timeouts: SMTPTimeouts, trustRoots: NIOSSLTrustRoots = .default) throws {
        self.session = session
        self.timeouts = timeouts
        // Opportunistic TLS keeps out those who only listen; a certificate that does not hold is still better than none (RFC 7435).
        var opportunistic = TLSConfiguration.makeClientConfiguration()
        opportunistic.certificateVerification = .none
        self.opportunisticContext = try NIOSSLContext(configuration: opportunistic)
        var required = TLSConfiguration.makeClientConfiguration()
        required.trustRoots = trustRoots
        self.requiredContext = try NIOSSLContext(configuration: required)
    }

    package func open(
        _ address: SocketAddress, from source: SocketAddress?, host: String?, tls: SMTPTLSPolicy, on eventLoop: any EventLoop
    ) -> EventLoopFuture<any MailSession> {
        var session = self.session
        session.tlsPolicy = tls
        var configuration = SMTPClientConfiguration(
            session: session, tlsContext: tls == .required ? self.requiredContext : self.opportunisticContext)
        configuration.timeouts = self.timeouts
        return SMTPConnection.connect(to: address, localAddress: source, serverName: host, configuration: configuration, on: eventLoop)
            .map { SMTPMailSession($0) }
    }
}
