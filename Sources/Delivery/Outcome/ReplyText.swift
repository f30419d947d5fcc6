package import SMTPProtocol

/// A reply as one line of text, for events, records and operators.
///
/// ```
/// 550-5.1.1 The address does not exist.        550-5.1.1 The address does not exist. 550 5.1.1 Check it.
/// 550 5.1.1 Check it.                      →
/// ```
package enum ReplyText {
    /// What is kept of a reply: enough for what providers say, small enough for fifty recipients in one record.
    package static let maximumOctets = 1000

    /// The reply with its code before every line, lines joined by a space, cut at ``maximumOctets`` between characters.
    package static func line(_ reply: SMTPReply) -> String {
        let code = String(reply.code)
        var text = ""
        text.reserveCapacity(min(reply.text.utf8.count + 8, Self.maximumOctets))
        let lines = reply.lines
        for (index, line) in lines.enumerated() {
            if text.utf8.count > Self.maximumOctets { break }
            if index > 0 { text += " " }
            text += code
            text += index + 1 < lines.count ? "-" : " "
            text += line
        }
        return Self.cut(text)
    }

    /// Cuts a text at ``maximumOctets``, never inside a character.
    package static func cut(_ text: String) -> String {
        guard text.utf8.count > Self.maximumOctets else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: Self.maximumOctets)
        // An index inside a character has no position among the scalars.
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
