package import NIOCore
package import SMTPProtocol

/// An SMTP session that is ready for mail, as a lane uses it: on the lane's event loop only.
package protocol MailSession: AnyObject, Sendable {
    /// The far side's address without port.
    var remoteAddress: String { get }
    /// Our address without port; empty when unknown.
    var localAddress: String { get }
    /// Whether another transaction may be sent now.
    var isReady: Bool { get }
    /// Completes when the connection is gone, whoever closed it.
    var closed: EventLoopFuture<Void> { get }

    /// Sends one message.
    ///
    /// - Parameters:
    ///   - transaction: the message.
    ///   - gate: must have succeeded before the final dot leaves; when it fails the message must not become complete.
    /// - Returns: always succeeds, whatever happens to the connection.
    func send(_ transaction: SMTPTransaction, gate: EventLoopFuture<Void>) -> EventLoopFuture<SMTPTransactionResult>

    /// Says QUIT, when no transaction runs or after the one that does, and closes.
    func quit()

    /// Closes at once.
    func close()
}

/// Opens ``MailSession``s.
package protocol MailSessionOpening: Sendable {
    /// Connects and brings the session to where it takes mail.
    ///
    /// - Parameters:
    ///   - address: where to.
    ///   - host: the mail host's name, for TLS; nil for a bare address.
    ///   - tls: how `STARTTLS` is used.
    ///   - eventLoop: owns the session.
    /// - Returns: fails with an `SMTPInterruption`.
    func open(
        _ address: SocketAddress, host: String?, tls: SMTPTLSPolicy, on eventLoop: any EventLoop
    ) -> EventLoopFuture<any MailSession>
}
