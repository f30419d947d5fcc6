package import NIOCore

/// A complete SMTP reply (RFC 5321 section 4.2), of one line or several.
///
/// ```
/// S: 550-5.7.1 The message was refused.
/// S: 550 5.7.1 See https://example.com/why
/// ```
/// is code 550, enhanced status 5.7.1 and two lines of text.
package struct SMTPReply: Sendable, Hashable {
    /// What the first digit of a reply code says.
    package enum Category: Sendable, Hashable {
        /// 2yz: done.
        case positive
        /// 3yz: go on (354).
        case intermediate
        /// 4yz: not now.
        case transientNegative
        /// 5yz: not ever.
        case permanentNegative
    }

    /// 200…599.
    package let code: UInt16
    /// The text of every line after code and separator, joined by LF. As received, so an enhanced status code is still at the start of each line that had one.
    /// Control characters other than tab are replaced, octets that are not UTF-8 are repaired.
    package let text: String
    /// The enhanced status code of the last line, or of the first when the last has none.
    package let enhancedStatus: SMTPEnhancedStatusCode?

    /// A reply from its parts.
    ///
    /// - Parameters:
    ///   - code: 200…599; other values are clamped.
    ///   - text: LF separates the lines. An enhanced status code at the start is recognised.
    package init(code: UInt16, text: String) {
        self.code = min(max(code, 200), 599)
        self.text = text
        let replyClass = UInt8(self.code / 100)
        if let lastBreak = text.utf8.lastIndex(of: ASCII.lf) {
            self.enhancedStatus =
                SMTPEnhancedStatusCode(startOf: text.utf8[text.utf8.index(after: lastBreak)...], replyClass: replyClass)
                ?? SMTPEnhancedStatusCode(startOf: text.utf8, replyClass: replyClass)
        } else {
            self.enhancedStatus = SMTPEnhancedStatusCode(startOf: text.utf8, replyClass: replyClass)
        }
    }

    package var category: Category {
        switch code / 100 {
        case 2: .positive
        case 3: .intermediate
        case 4: .transientNegative
        default: .permanentNegative
        }
    }

    /// 2yz.
    package var isPositive: Bool { category == .positive }

    /// 421: the server closes the connection after this reply (RFC 5321 section 3.8).
    package var closesConnection: Bool { code == 421 }

    /// The text's lines; at least one, perhaps empty.
    package var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Writes the reply as it goes over the wire, every line with its code and CRLF. CR and NUL in the text become spaces, so that no text can add a line.
    package func write(to buffer: inout ByteBuffer) {
        var rest = Substring(text).utf8
        while true {
            let end = rest.firstIndex(of: ASCII.lf)
            writeCode(to: &buffer)
            buffer.writeInteger(end == nil ? ASCII.space : ASCII.hyphen)
            let line = end.map { rest[..<$0] } ?? rest
            if line.contains(where: { $0 == ASCII.cr || $0 == ASCII.nul }) {
                buffer.writeBytes(line.map { $0 == ASCII.cr || $0 == ASCII.nul ? ASCII.space : $0 })
            } else {
                buffer.writeBytes(line)
            }
            buffer.writeStaticString("\r\n")
            guard let end else { return }
            rest = rest[rest.index(after: end)...]
        }
    }

    private func writeCode(to buffer: inout ByteBuffer) {
        buffer.writeInteger(ASCII.zero + UInt8(code / 100))
        buffer.writeInteger(ASCII.zero + UInt8(code / 10 % 10))
        buffer.writeInteger(ASCII.zero + UInt8(code % 10))
    }
}

/// Shows the codes only: servers quote addresses in the text.
extension SMTPReply: CustomStringConvertible {
    package var description: String {
        if let enhancedStatus { "\(code) \(enhancedStatus)" } else { "\(code)" }
    }
}
