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
