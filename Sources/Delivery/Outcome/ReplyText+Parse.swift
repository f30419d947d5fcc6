package import SMTPProtocol

extension ReplyText {
    /// Reads a line that ``line(_:)`` or a ``DeliveryFailure`` wrote, as far as classification needs it: the code, and the text after it.
    ///
    /// - Returns: nil when the line does not start with a reply code.
    package static func parse(_ line: String) -> SMTPReply? {
        let bytes = line.utf8
        guard bytes.count >= 3 else { return nil }
        var code: UInt16 = 0
        for byte in bytes.prefix(3) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            code = code * 10 + UInt16(byte - UInt8(ascii: "0"))
        }
        guard (200...599).contains(code) else { return nil }
        return SMTPReply(code: code, text: String(Substring(bytes.dropFirst(4))))
    }
}
