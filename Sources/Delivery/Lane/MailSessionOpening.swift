package import NIOCore
package import SMTPProtocol

/// Opens ``MailSession``s.
package protocol MailSessionOpening: Sendable {
    /// Connects and brings the session to where it takes mail.
    ///
    /// - Parameters:
    ///   - address: where to.
    ///   - source: where from; nil for the host's own choice.
    ///   - host: the mail host's name, for TLS; nil for a bare address.
    ///   - tls: how `STARTTLS` is used.
    ///   - eventLoop: owns the session.
    /// - Returns: fails with an `SMTPInterruption`.
    func open(
        _ address: SocketAddress, from source: SocketAddress?, host: String?, tls: SMTPTLSPolicy, on eventLoop: any EventLoop
    ) -> EventLoopFuture<any MailSession>
}
