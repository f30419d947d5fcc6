/// A parsed Content-Disposition (RFC 2183).
package struct ContentDisposition: Hashable, Sendable {
    /// In lower case: `attachment`, `inline` or another token.
    package let kind: String
    package let parameters: MIMEParameters

    /// `nil` where there is no token.
    package init?(fieldValue: [UInt8]) {
        var scanner = FieldScanner(fieldValue)
        guard let kind = scanner.token() else { return nil }
        self.kind = ASCII.lowercased(kind)
        parameters = MIMEParameters(&scanner)
    }
}
