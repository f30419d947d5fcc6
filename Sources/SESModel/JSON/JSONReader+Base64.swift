extension JSONReader {
    /// Takes a string of base64 (RFC 4648, section 4) straight from the text, without a string in between: messages of 40 MB come this
    /// way. Some encoders escape `/`, `+` and `=`; all else that is not base64 is refused.
    ///
    /// - Parameter maximumBytes: bound on the decoded bytes.
    package mutating func readBase64(maximumBytes: Int) throws(SESError) -> [UInt8] {
        self.position += 1
        let start = self.position
        guard let end = self.closingQuote() else {
            self.position = self.bytes.count
            throw self.unexpected()
        }
        var digits = self.bytes[start..<end]
        if digits.contains(UInt8(ascii: "\\")) {
            var plain: [UInt8] = []
            plain.reserveCapacity(digits.count)
            while self.position < end {
                if self.bytes[self.position] == UInt8(ascii: "\\") {
                    try self.readEscape(into: &plain)
                } else {
                    plain.append(self.bytes[self.position])
                    self.position += 1
                }
            }
            digits = plain[...]
        }
        self.position = end + 1
        return try Self.decodeBase64(digits, maximumBytes: maximumBytes)
    }

    /// Base64 has no quote and no backslash before one, so the first quote ends the string or the string is not base64.
    private func closingQuote() -> Int? {
        let start = self.position
        return self.bytes.withUnsafeBufferPointer { bytes in
            var index = start
            while index < bytes.count {
                if bytes[index] == UInt8(ascii: "\"") { return index }
                index += 1
            }
            return nil
        }
    }

    private static func decodeBase64(_ digits: ArraySlice<UInt8>, maximumBytes: Int) throws(SESError) -> [UInt8] {
        var significant = digits
        if significant.last == UInt8(ascii: "=") { significant.removeLast() }
        if significant.last == UInt8(ascii: "=") { significant.removeLast() }
        let rest = significant.count % 4
        // Padding is all there or not there at all; SDKs send it.
        guard rest != 1, digits.count == significant.count || digits.count % 4 == 0 else { throw Self.notBase64 }
        let count = significant.count / 4 * 3 + (rest > 0 ? rest - 1 : 0)
        guard count <= maximumBytes else { throw SESError(.badRequest, "Message length is more than \(maximumBytes) bytes long.") }
        var invalid: UInt8 = 0
        let decoded = [UInt8](unsafeUninitializedCapacity: count) { output, written in
            significant.withUnsafeBufferPointer { input in
                self.base64Values.withUnsafeBufferPointer { table in
                    var read = 0
                    let whole = input.count - rest
                    while read < whole {
                        let a = table[Int(input[read])]
                        let b = table[Int(input[read + 1])]
                        let c = table[Int(input[read + 2])]
                        let d = table[Int(input[read + 3])]
                        invalid |= a | b | c | d
                        output[written] = a << 2 | b >> 4
                        output[written + 1] = b << 4 | c >> 2
                        output[written + 2] = c << 6 | d
                        read += 4
                        written += 3
                    }
                    guard rest > 0 else { return }
                    let a = table[Int(input[read])]
                    let b = table[Int(input[read + 1])]
                    let c = rest == 3 ? table[Int(input[read + 2])] : 0
                    invalid |= a | b | c
                    output[written] = a << 2 | b >> 4
                    written += 1
                    if rest == 3 {
                        output[written] = b << 4 | c >> 2
                        written += 1
                    }
                }
            }
        }
        guard invalid & 0xC0 == 0 else { throw Self.notBase64 }
        return decoded
    }

    private static var notBase64: SESError { .serialization("A blob of the request body is not valid base64") }

    /// The value of each octet, 0xFF outside the alphabet.
    private static let base64Values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8.enumerated() {
            table[Int(byte)] = UInt8(value)
        }
        return table
    }()
}
