/// Why a message was not even offered to a server. All are permanent for this message at this server.
package enum SMTPLocalRefusal: Sendable, Hashable {
    /// The message has more octets than the server's SIZE allows (RFC 1870 section 6.1); as `552 5.3.4`.
    case tooLarge(octets: Int, limit: Int)
    /// An address or the header needs SMTPUTF8 and the server does not offer it (RFC 6531 section 3.2); as `550 5.6.7`.
    case smtpUTF8NotOffered
    /// The content has 8-bit octets, the server does not offer 8BITMIME, and the configuration says not to send them anyway (RFC 6152); as `554 5.6.3`.
    case eightBitNotOffered
}
