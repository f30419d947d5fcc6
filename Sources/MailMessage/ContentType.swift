/// A parsed Content-Type (RFC 2045, section 5).
package struct ContentType: Hashable, Sendable {
    /// In lower case, e.g. `text`.
    package let type: String
    /// In lower case, e.g. `plain`.
    package let subtype: String
    package let parameters: MIMEParameters

    /// `nil` where there is no `type/subtype`.
    package init?(fieldValue: [UInt8]) {
        var scanner = FieldScanner(fieldValue)
        guard let type = scanner.token(), scanner.accept(ASCII.slash), let subtype = scanner.token() else { return nil }
        self.type = ASCII.lowercased(type)
        self.subtype = ASCII.lowercased(subtype)
        parameters = MIMEParameters(&scanner)
    }

    /// `type/subtype`.
    package var mediaType: String { "\(type)/\(subtype)" }

    /// What a part without a usable field is (RFC 2045, section 5.2).
    static let plainText = ContentType(fieldValue: Array("text/plain; charset=us-ascii".utf8))!
    /// What a part of a digest is (RFC 2046, section 5.1.5).
    static let enclosedMessage = ContentType(fieldValue: Array("message/rfc822".utf8))!
}
