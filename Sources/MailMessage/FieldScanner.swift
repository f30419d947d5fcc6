/// Reads tokens of structured fields (RFC 2045, section 5.1), skipping comments and folding white space before each.
struct FieldScanner {
    private let bytes: [UInt8]
    private(set) var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool {
        mutating get {
            skipCommentsAndSpace()
            return index >= bytes.count
        }
    }

    /// The next run of token characters; `nil` where something else stands.
    mutating func token() -> ArraySlice<UInt8>? {
        skipCommentsAndSpace()
        let start = index
        while index < bytes.count, ASCII.isToken(bytes[index]) { index += 1 }
        return index > start ? bytes[start..<index] : nil
    }

    /// Consumes one given character.
    mutating func accept(_ byte: UInt8) -> Bool {
        skipCommentsAndSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// A token, a quoted string, or what sloppy composers leave unquoted up to the next semicolon.
    mutating func parameterValue() -> [UInt8] {
        skipCommentsAndSpace()
        if index < bytes.count, bytes[index] == ASCII.quote { return quotedString() }
        let start = index
        while index < bytes.count, bytes[index] != ASCII.semicolon, !ASCII.isFoldingWhiteSpace(bytes[index]) { index += 1 }
        return Array(bytes[start..<index])
    }

    /// Goes to just behind the next semicolon outside quotes.
    mutating func skipPastSemicolon() {
        while index < bytes.count {
            if bytes[index] == ASCII.quote {
                _ = quotedString()
                continue
            }
            index += 1
            if bytes[index - 1] == ASCII.semicolon { return }
        }
    }

    private mutating func quotedString() -> [UInt8] {
        index += 1
        var content: [UInt8] = []
        while index < bytes.count, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash, index + 1 < bytes.count { index += 1 }
            if bytes[index] != ASCII.cr, bytes[index] != ASCII.lf { content.append(bytes[index]) }
            index += 1
        }
        if index < bytes.count { index += 1 }
        return content
    }

    private mutating func skipCommentsAndSpace() {
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.openParenthesis {
                depth += 1
            } else if depth > 0 {
                if byte == ASCII.closeParenthesis { depth -= 1 } else if byte == ASCII.backslash { index += 1 }
            } else if !ASCII.isFoldingWhiteSpace(byte) {
                return
            }
            index += 1
        }
        index = min(index, bytes.count)
    }
}
