/// Brings text into the 7-bit forms of header fields, and values into folded lines. Nothing that comes from here holds a CR, LF or NUL that
/// the folding did not put there.
package enum HeaderText {
    /// Lines are folded to this many octets where white space allows it (RFC 5322, section 2.1.1).
    static let preferredLineLength = 78
    /// No line is longer, CRLF not counted.
    static let maximumLineLength = 998

    // MARK: Values

    /// Unstructured text (Subject, Comments): as it is when visible ASCII, encoded words otherwise.
    ///
    /// ASCII text that already holds encoded words stays as it is, as in SES.
    ///
    /// - Throws: `ComposeError` for CR, LF and NUL.
    package static func unstructured(_ text: String, field: String) throws(ComposeError) -> [UInt8] {
        let bytes = Array(text.utf8)
        try forbidLineBreaks(bytes, field: field)
        let isPlain = bytes.allSatisfy { ASCII.isVisible($0) || $0 == ASCII.space } && bytes.first != ASCII.space && bytes.last != ASCII.space
        return isPlain && longestWord(bytes) < 900 ? bytes : EncodedWord.encode(text)
    }

    /// A display name: atoms, a quoted string, or encoded words (RFC 5322, section 3.2.5; RFC 2047, section 5, rule 3).
    ///
    /// - Throws: `ComposeError` for CR, LF and NUL.
    package static func phrase(_ text: String, field: String = "display name") throws(ComposeError) -> [UInt8] {
        let bytes = Array(text.utf8)
        try forbidLineBreaks(bytes, field: field)
        var isAtoms = true
        var isPlain = true
        var previous = ASCII.space
        for byte in bytes {
            if byte == ASCII.space { if previous == ASCII.space { isAtoms = false } } else if !ASCII.isAtomText(byte) { isAtoms = false }
            if !ASCII.isVisible(byte), byte != ASCII.space { isPlain = false }
            previous = byte
        }
        guard isPlain, longestWord(bytes) < 400, !bytes.isEmpty else { return EncodedWord.encode(text) }
        // A name that looks like an encoded word is encoded, so that readers show what was given.
        if bytes.starts(with: "=?".utf8) { return EncodedWord.encode(text) }
        if isAtoms, previous != ASCII.space { return bytes }
        return quotedString(bytes)
    }

    static func quotedString(_ bytes: [UInt8]) -> [UInt8] {
        var quoted: [UInt8] = [ASCII.quote]
        for byte in bytes {
            if byte == ASCII.quote || byte == ASCII.backslash { quoted.append(ASCII.backslash) }
            quoted.append(byte)
        }
        quoted.append(ASCII.quote)
        return quoted
    }

    // MARK: Fields

    /// `Name: value` CRLF, folded before white space.
    ///
    /// - Parameters:
    ///   - name: checked against RFC 5322, section 2.2.
    ///   - value: octets without CR, LF and NUL.
    /// - Throws: `ComposeError`.
    package static func field(name: String, value: [UInt8]) throws(ComposeError) -> [UInt8] {
        guard isFieldName(name.utf8) else { throw ComposeError(.invalidFieldName, field: "header") }
        try forbidLineBreaks(value, field: name)
        var output = Array(name.utf8)
        output.reserveCapacity(output.count + value.count + 16)
        output.append(ASCII.colon)
        output.append(ASCII.space)
        var lineLength = output.count
        var index = 0
        var isFirst = true
        while index < value.count {
            let start = index
            while index < value.count, ASCII.isBlank(value[index]) { index += 1 }
            while index < value.count, !ASCII.isBlank(value[index]) { index += 1 }
            let hasBlank = ASCII.isBlank(value[start])
            // Trailing blanks stay on their line: a line of blanks alone would be read as the end of the header by some.
            let isBlankTail = ASCII.isBlank(value[index - 1])
            if !isFirst, hasBlank, !isBlankTail, lineLength + index - start > preferredLineLength {
                output.append(ASCII.cr)
                output.append(ASCII.lf)
                lineLength = 0
            }
            output.append(contentsOf: value[start..<index])
            lineLength += index - start
            guard lineLength <= maximumLineLength else { throw ComposeError(.lineTooLong, field: name) }
            isFirst = false
        }
        output.append(ASCII.cr)
        output.append(ASCII.lf)
        return output
    }

    /// Whether the name is one or more visible ASCII characters without colon.
    package static func isFieldName(_ name: some Collection<UInt8>) -> Bool {
        !name.isEmpty && name.count <= 256 && name.allSatisfy(ASCII.isFieldNameText)
    }

    static func forbidLineBreaks(_ bytes: [UInt8], field: String) throws(ComposeError) {
        for byte in bytes where byte == ASCII.cr || byte == ASCII.lf || byte == ASCII.nul {
            throw ComposeError(.forbiddenCharacter, field: field)
        }
    }

    private static func longestWord(_ bytes: [UInt8]) -> Int {
        var longest = 0
        var length = 0
        var wasBlank = false
        // A run of blanks cannot be folded inside, so it counts with the word behind it.
        for byte in bytes {
            let blank = byte == ASCII.space
            length = blank && !wasBlank ? 1 : length + 1
            longest = max(longest, length)
            wasBlank = blank
        }
        return longest
    }
}
