package import NIOCore

/// The application's answer to a request.
package enum SMTPServerAnswer: Sendable {
    /// The usual positive reply.
    case accept
    /// This reply. Its code says what happens: 2yz and 3yz accept the request, 4yz and 5yz refuse it, 421 and 521 close the connection as well.
    case reply(SMTPReply)
    /// These octets as they are, for a server that is to misbehave.
    ///
    /// - Parameter accepted: whether the session goes on as if the request had been accepted.
    case raw(ByteBuffer, accepted: Bool)
    /// This reply or these octets, and then the connection is closed.
    case closeAfter(ByteBuffer)
}
