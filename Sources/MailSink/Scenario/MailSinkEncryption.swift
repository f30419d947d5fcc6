/// How a sink deals with STARTTLS.
package enum MailSinkEncryption: String, Sendable, Hashable, CaseIterable, Codable {
    /// Not offered.
    case none
    /// Offered.
    case optional
    /// Offered, and MAIL in clear is refused with 530 (RFC 3207 section 4).
    case required
    /// Offered, answered with 220, and followed by octets that are no TLS.
    case broken
}
