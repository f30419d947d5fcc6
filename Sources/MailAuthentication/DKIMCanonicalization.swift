/// How a message is brought into one form before it is hashed (RFC 6376 §3.4).
package enum DKIMCanonicalization: String, Sendable, Hashable, CaseIterable {
    /// Almost nothing may change on the way: only empty lines at the end of the body are left out.
    case simple
    /// White space, the case of field names and folding may change.
    case relaxed

    /// Appends the canonical form of one header field, with its CRLF, to `output`.
    ///
    /// - Parameters:
    ///   - field: the field as it stands in the message, from its name to its last CRLF. A missing CRLF is added.
    ///   - output: grows by at most `field.count + 2` bytes.
    ///
    /// ```
    /// "SubJect \t: a\r\n\t b \r\n"  →  relaxed  "subject:a b\r\n"
    /// ```
    package func appendHeader(_ field: Span<UInt8>, to output: inout [UInt8]) {
        switch self {
        case .simple:
            for index in field.indices { output.append(field[index]) }
            let count = field.count
            if count < 2 || field[count - 2] != ASCII.carriageReturn || field[count - 1] != ASCII.lineFeed {
                output.append(ASCII.carriageReturn)
                output.append(ASCII.lineFeed)
            }
        case .relaxed:
            Self.appendRelaxedHeader(field, to: &output)
        }
    }

    private static func appendRelaxedHeader(_ field: Span<UInt8>, to output: inout [UInt8]) {
        let count = field.count
        var index = 0
        while index < count, field[index] != ASCII.colon {
            if !ASCII.isFolding(field[index]) { output.append(ASCII.lowercased(field[index])) }
            index += 1
        }
        if index < count {
            output.append(ASCII.colon)
            index += 1
        }
        // A run of white space becomes one space when something follows it, and nothing at either end.
        var pendingSpace = false
        var atStart = true
        while index < count {
            let byte = field[index]
            index += 1
            if ASCII.isWhitespace(byte) {
                pendingSpace = true
                continue
            }
            // Unfolding drops CRLF. A lone CR or LF is no line end of a message and stays.
            if byte == ASCII.carriageReturn, index < count, field[index] == ASCII.lineFeed {
                index += 1
                continue
            }
            if pendingSpace, !atStart { output.append(ASCII.space) }
            pendingSpace = false
            atStart = false
            output.append(byte)
        }
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
    }
}
