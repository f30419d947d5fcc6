/// One text of a message: Unicode text and the charset that the caller wishes on the wire.
package struct BodyText: Hashable, Sendable {
    package var text: String
    /// As named by the caller; `nil` is UTF-8. A wish: see ``encoded()``.
    package var charset: String?

    package init(_ text: String, charset: String? = nil) {
        self.text = text
        self.charset = charset
    }

    /// The octets and the charset that names them.
    ///
    /// Nothing is ever lost: pure ASCII is labelled `us-ascii`, unless UTF-8 was asked for; text that the wished charset cannot hold, or a
    /// charset that is not converted here (Shift_JIS, say), goes out as UTF-8, which every mail reader shows.
    ///
    /// - Throws: `ComposeError` for a charset name that is no token.
    func encoded() throws(ComposeError) -> (octets: [UInt8], charset: MailCharset) {
        let normalized = Self.withCRLF(text)
        guard let charset else { return Self.narrowed(normalized) }
        guard !charset.isEmpty, charset.utf8.count <= 40, charset.utf8.allSatisfy(ASCII.isToken) else {
            throw ComposeError(.invalidValue, field: "Charset")
        }
        let wished = MailCharset(label: charset.utf8)
        if wished == .utf8 { return (normalized, .utf8) }
        if let wished, let octets = wished.encode(String(decoding: normalized, as: UTF8.self)) { return (octets, wished) }
        return Self.narrowed(normalized)
    }

    private static func narrowed(_ octets: [UInt8]) -> ([UInt8], MailCharset) {
        (octets, octets.allSatisfy { $0 < 0x80 } ? .usASCII : .utf8)
    }

    /// Every line ending as CRLF, whatever it was.
    private static func withCRLF(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count + text.utf8.count / 32)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == ASCII.cr || (byte == ASCII.lf && previous != ASCII.cr) {
                output.append(ASCII.cr)
                output.append(ASCII.lf)
            } else if byte != ASCII.lf {
                output.append(byte)
            }
            previous = byte
        }
        return output
    }
}
