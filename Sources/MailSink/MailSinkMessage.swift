package import NIOCore

/// A message as a sink received it.
package struct MailSinkMessage: Sendable {
    /// 1 for the sink's first message.
    package var sequence: Int
    /// Milliseconds since 1970, when the content was complete.
    package var arrivedAt: Int64
    package var connection: UInt64
    package var remoteAddress: String
    package var localAddress: String
    /// TLS version; nil in clear.
    package var tls: String?
    /// What the client said in EHLO or HELO.
    package var hello: String
    /// Empty for the null reverse path.
    package var sender: String
    package var recipients: [String]
    /// `X-Load-Id`, or `Message-ID` without angle brackets; nil without either.
    package var id: String?
    /// Without stuffing.
    package var content: ByteBuffer
}
