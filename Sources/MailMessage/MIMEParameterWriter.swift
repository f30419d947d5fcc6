/// Writes parameters of Content-Type and Content-Disposition.
enum MIMEParameterWriter {
    /// Octets of one section, so that lines stay under 78.
    private static let sectionLength = 54

    /// `; filename="a.txt"`, or the RFC 2231 form in sections where the text is not ASCII or is long.
    ///
    /// - Throws: `ComposeError` for CR, LF and NUL.
    static func parameter(_ name: String, _ text: String) throws(ComposeError) -> [UInt8] {
        let bytes = Array(text.utf8)
        try HeaderText.forbidLineBreaks(bytes, field: name)
        if isPlain(bytes) { return Array("; \(name)=".utf8) + HeaderText.quotedString(bytes) }
        var output: [UInt8] = []
        var section: [UInt8] = Array("UTF-8''".utf8)
        var number = 0
        for byte in bytes {
            if section.count + 3 > sectionLength {
                output += Array("; \(name)*\(number)*=".utf8) + section
                section.removeAll(keepingCapacity: true)
                number += 1
            }
            if ASCII.isAlphanumeric(byte) || byte == ASCII.hyphen || byte == ASCII.dot || byte == ASCII.underscore {
                section.append(byte)
            } else {
                section += [ASCII.percent, ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte & 15)]
            }
        }
        return output + Array((number == 0 ? "; \(name)*=" : "; \(name)*\(number)*=").utf8) + section
    }

    /// The form that old readers understand: encoded words within quotes, which RFC 2047 does not allow but practice does. Only for a
    /// parameter that has a better twin elsewhere.
    static func encodedWordParameter(_ name: String, _ text: String) throws(ComposeError) -> [UInt8] {
        let bytes = Array(text.utf8)
        try HeaderText.forbidLineBreaks(bytes, field: name)
        guard !bytes.isEmpty else { return [] }
        return Array("; \(name)=".utf8) + HeaderText.quotedString(isPlain(bytes) ? bytes : EncodedWord.encode(text))
    }

    /// Short visible ASCII that no reader takes for an encoded word.
    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        bytes.count <= 60 && bytes.allSatisfy { ASCII.isVisible($0) || $0 == ASCII.space } && !bytes.starts(with: "=?".utf8)
            && bytes.first != ASCII.space && bytes.last != ASCII.space
    }
}
