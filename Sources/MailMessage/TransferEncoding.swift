/// Content-Transfer-Encoding of RFC 2045, section 6.
package enum TransferEncoding: String, Hashable, Sendable {
    case sevenBit = "7bit"
    case eightBit = "8bit"
    case binary = "binary"
    case quotedPrintable = "quoted-printable"
    case base64 = "base64"

    /// Reads a field value; comments and white space around the token are ignored. `nil` for unknown encodings.
    package init?(fieldValue: some Sequence<UInt8>) {
        var scanner = FieldScanner(Array(fieldValue))
        guard let token = scanner.token(), let encoding = TransferEncoding(rawValue: ASCII.lowercased(token)) else { return nil }
        self = encoding
    }
}
