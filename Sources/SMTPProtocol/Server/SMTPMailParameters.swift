/// Parameters of `MAIL FROM` (RFC 5321 section 4.1.2).
package struct SMTPMailParameters: Sendable, Hashable {
    /// `SIZE=`: octets announced (RFC 1870).
    package var size: Int?
    /// `BODY=8BITMIME` (RFC 6152).
    package var is8Bit = false
    /// `SMTPUTF8` (RFC 6531).
    package var isSMTPUTF8 = false
    /// `ENVID=`, as written (RFC 3461).
    package var envelopeID: String?
    /// `RET=`, in upper case: `FULL` or `HDRS` (RFC 3461).
    package var returns: String?

    package init() {}
}
