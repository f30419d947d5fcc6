package import NIOCore
package import SMTPProtocol

/// The application behind one connection of an ``SMTPServer``. All calls come on the connection's event loop.
package protocol SMTPServerDelegate: AnyObject {
    /// A request was read. Give it one `connection.answer(_:)`, now or later; until then nothing more is read than a bounded buffer.
    func handle(_ request: SMTPServerRequest, connection: SMTPServerConnection)

    /// A part of the message's content. The buffer is a slice of what was read from the network.
    func receive(content: ByteBuffer, connection: SMTPServerConnection)

    /// The content received so far is void.
    func discardContent(connection: SMTPServerConnection)

    /// The connection is gone. Called once, last.
    func closed(connection: SMTPServerConnection)
}
