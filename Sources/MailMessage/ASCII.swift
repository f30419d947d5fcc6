/// The octets of the mail grammar and the character classes of RFC 5322, section 3.2.3.
///
/// Everything in this target walks UTF-8 octets, never `Character`s: mail is defined on octets, and input may be no valid UTF-8.
enum ASCII {
    static let nul: UInt8 = 0x00
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let percent: UInt8 = 0x25
    static let apostrophe: UInt8 = 0x27
    static let openParenthesis: UInt8 = 0x28
    static let closeParenthesis: UInt8 = 0x29
    static let asterisk: UInt8 = 0x2A
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let hyphen: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let less: UInt8 = 0x3C
    static let equals: UInt8 = 0x3D
    static let greater: UInt8 = 0x3E
    static let question: UInt8 = 0x3F
    static let at: UInt8 = 0x40
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let underscore: UInt8 = 0x5F
    static let delete: UInt8 = 0x7F

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always)
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }

    /// Space or horizontal tab.
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// Blank, CR or LF: what folding white space consists of.
    @inline(__always)
    static func isFoldingWhiteSpace(_ byte: UInt8) -> Bool { isBlank(byte) || byte == cr || byte == lf }

    /// Below space, or DEL.
    @inline(__always)
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// `!` to `~`.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte &- 0x21 < 0x5E }

    /// `atext` of RFC 5322, section 3.2.3.
    static func isAtomText(_ byte: UInt8) -> Bool {
        if isAlphanumeric(byte) { return true }
        switch byte {
        case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2F, 0x3D, 0x3F, 0x5E, 0x5F, 0x60, 0x7B, 0x7C, 0x7D, 0x7E: return true
        default: return false
        }
    }

    /// `ftext` of RFC 5322, section 3.6.8: what a header field name may hold.
    static func isFieldNameText(_ byte: UInt8) -> Bool { isVisible(byte) && byte != colon }

    /// `token` of RFC 2045, section 5.1: visible and none of the tspecials.
    static func isToken(_ byte: UInt8) -> Bool {
        guard isVisible(byte) else { return false }
        switch byte {
        case openParenthesis, closeParenthesis, less, greater, at, comma, semicolon, colon, backslash, quote, slash, openBracket, question,
            closeBracket, equals:
            return false
        default: return true
        }
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let folded = byte | 0x20
        return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : nil
    }

    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

    /// The text with `A`…`Z` folded; other octets are kept.
    static func lowercased(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.map { lowercased($0) }, as: UTF8.self)
    }

    /// ASCII-case-insensitive equality.
    static func equalsIgnoringCase(_ bytes: some Sequence<UInt8>, _ text: some Sequence<UInt8>) -> Bool {
        var other = text.makeIterator()
        for byte in bytes {
            guard let next = other.next(), lowercased(byte) == lowercased(next) else { return false }
        }
        return other.next() == nil
    }
}
