/// The quoted-printable encoding of RFC 2045, section 6.7.
package enum QuotedPrintable {
    /// Encodes octets; CRLF is a line break, every other CR or LF is escaped, so that decoding gives the same octets again. No line has more
    /// than 76 characters.
    ///
    /// Lone dots at a line's start and `From ` are escaped too: they come through mail systems that would alter them.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        var column = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.cr, index + 1 < bytes.count, bytes[index + 1] == ASCII.lf {
                output.append(ASCII.cr)
                output.append(ASCII.lf)
                column = 0
                index += 2
                continue
            }
            let isEscaped = mustEscape(bytes, at: index, column: column)
            let width = isEscaped ? 3 : 1
            let endsLine = index + 1 == bytes.count || (bytes[index + 1] == ASCII.cr && index + 2 < bytes.count && bytes[index + 2] == ASCII.lf)
            if column + width > (endsLine ? 76 : 75) {
                output.append(ASCII.equals)
                output.append(ASCII.cr)
                output.append(ASCII.lf)
                column = 0
                continue
            }
            if isEscaped {
                output.append(ASCII.equals)
                output.append(ASCII.hexDigit(byte >> 4))
                output.append(ASCII.hexDigit(byte & 15))
            } else {
                output.append(byte)
            }
            column += width
            index += 1
        }
        return output
    }

    /// Decodes as mail readers do. See ``TransferDecoder``.
    package static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var decoder = TransferDecoder(.quotedPrintable)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        decoder.decode(bytes, into: &output)
        decoder.finish(into: &output)
        return output
    }

    /// Length of ``encode(_:)``'s answer without soft breaks; enough to choose between encodings.
    static func estimatedLength(_ bytes: [UInt8]) -> Int {
        var length = 0
        for byte in bytes { length += byte == ASCII.equals || byte > 0x7E || (byte < 0x20 && !ASCII.isFoldingWhiteSpace(byte)) ? 3 : 1 }
        return length + length / 75 * 3
    }

    private static func mustEscape(_ bytes: [UInt8], at index: Int, column: Int) -> Bool {
        let byte = bytes[index]
        if ASCII.isBlank(byte) {
            // Blanks at the end of a line do not survive transport.
            return index + 1 == bytes.count || bytes[index + 1] == ASCII.cr || bytes[index + 1] == ASCII.lf
        }
        if column == 0 {
            if byte == ASCII.dot { return true }
            if byte == 0x46, bytes[index...].starts(with: "From ".utf8) { return true }
        }
        return byte == ASCII.equals || !ASCII.isVisible(byte)
    }
}
