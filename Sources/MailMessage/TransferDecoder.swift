/// Decodes a transfer encoding piece by piece; the pieces may be cut anywhere.
///
/// It never fails: what is not well-formed is treated as mail readers treat it (RFC 2045, sections 6.7 and 6.8), which is what a content check
/// has to see.
package struct TransferDecoder: Sendable {
    private let encoding: TransferEncoding
    // Base64: the bits collected so far.
    private var bits: UInt32 = 0
    private var digitCount = 0
    // Quoted-printable: an unfinished escape, and blanks that are content only if the line goes on.
    private var escape: [UInt8] = []
    private var blanks: [UInt8] = []

    package init(_ encoding: TransferEncoding) {
        self.encoding = encoding
    }

    /// Decodes the next octets and appends what they gave.
    package mutating func decode(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) {
        switch encoding {
        case .sevenBit, .eightBit, .binary: output.append(contentsOf: input)
        case .base64: decodeBase64(input, into: &output)
        case .quotedPrintable: for byte in input { decodeQuotedPrintable(byte, into: &output) }
        }
    }

    /// Ends the input; gives what was held back.
    package mutating func finish(into output: inout [UInt8]) {
        if encoding == .base64 {
            flushBase64(into: &output)
        } else {
            // An escape cut off by the end is kept literally, a soft break is not.
            if escape.count > 1, escape[1] != ASCII.cr, !ASCII.isBlank(escape[1]) { output.append(contentsOf: escape) }
            escape.removeAll()
            blanks.removeAll()
        }
    }

    private mutating func decodeBase64(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) {
        Base64.values.withUnsafeBufferPointer { table in
            input.withUnsafeBufferPointer { bytes in
                for byte in bytes {
                    let value = table[Int(byte)]
                    if value > 63 {
                        // Several padded pieces one after another occur in the wild; each starts afresh.
                        if byte == ASCII.equals { flushBase64(into: &output) }
                        continue
                    }
                    bits = bits << 6 | UInt32(value)
                    digitCount += 1
                    if digitCount == 4 {
                        output.append(UInt8(truncatingIfNeeded: bits >> 16))
                        output.append(UInt8(truncatingIfNeeded: bits >> 8))
                        output.append(UInt8(truncatingIfNeeded: bits))
                        digitCount = 0
                    }
                }
            }
        }
    }

    private mutating func flushBase64(into output: inout [UInt8]) {
        if digitCount >= 2 { output.append(UInt8(truncatingIfNeeded: bits >> UInt32(digitCount * 6 - 8))) }
        if digitCount == 3 { output.append(UInt8(truncatingIfNeeded: bits >> 2)) }
        digitCount = 0
        bits = 0
    }

    private mutating func decodeQuotedPrintable(_ byte: UInt8, into output: inout [UInt8]) {
        if !escape.isEmpty {
            if continueEscape(byte, into: &output) { return }
        }
        switch byte {
        case ASCII.equals:
            output.append(contentsOf: blanks)
            blanks.removeAll(keepingCapacity: true)
            escape = [byte]
        case ASCII.space, ASCII.tab:
            // Transport may pad lines; a run longer than any line is certainly content.
            if blanks.count == 1000 {
                output.append(contentsOf: blanks)
                blanks.removeAll(keepingCapacity: true)
            }
            blanks.append(byte)
        case ASCII.cr, ASCII.lf:
            blanks.removeAll(keepingCapacity: true)
            output.append(byte)
        default:
            if !blanks.isEmpty {
                output.append(contentsOf: blanks)
                blanks.removeAll(keepingCapacity: true)
            }
            output.append(byte)
        }
    }

    /// Whether the octet was used up by the escape.
    private mutating func continueEscape(_ byte: UInt8, into output: inout [UInt8]) -> Bool {
        if byte == ASCII.lf {
            escape.removeAll(keepingCapacity: true)
            return true
        }
        let last = escape[escape.count - 1]
        if last == ASCII.equals || ASCII.isBlank(last), ASCII.isBlank(byte) || byte == ASCII.cr, escape.count < 1000 {
            escape.append(byte)
            return true
        }
        if escape.count == 1, ASCII.hexValue(byte) != nil {
            escape.append(byte)
            return true
        }
        if escape.count == 2, let high = ASCII.hexValue(escape[1]), let low = ASCII.hexValue(byte) {
            output.append(high << 4 | low)
            escape.removeAll(keepingCapacity: true)
            return true
        }
        // `=` CR without LF is a soft break too; anything else was no escape and stands for itself.
        if last != ASCII.cr { output.append(contentsOf: escape) }
        escape.removeAll(keepingCapacity: true)
        return false
    }
}
