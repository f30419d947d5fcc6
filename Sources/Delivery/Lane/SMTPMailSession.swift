internal import NIOCore
internal import SMTPProtocol
internal import SMTPTransport

/// An ``SMTPConnection`` as a lane uses it.
final class SMTPMailSession: MailSession {
    private let connection: SMTPConnection
    let remoteAddress: String
    let localAddress: String

    init(_ connection: SMTPConnection) {
        self.connection = connection
        self.remoteAddress = connection.remoteAddress?.ipAddress ?? ""
        self.localAddress = connection.localAddress?.ipAddress ?? ""
    }

    var isReady: Bool { self.connection.isReusable }

    var closed: EventLoopFuture<Void> { self.connection.closeFuture }

    func send(_ transaction: SMTPTransaction, gate: EventLoopFuture<Void>) -> EventLoopFuture<SMTPTransactionResult> {
        self.connection.send(transaction) { _ in gate }
    }

    func quit() {
        self.connection.quit()
    }

    func close() {
        self.connection.close()
    }
}
