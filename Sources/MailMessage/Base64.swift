/// Base64 of RFC 4648, section 4, and the line-wrapped form of RFC 2045, section 6.8.
package enum Base64 {
    /// Why octets are not base64.
    package enum DecodingError: Error, Hashable, Sendable {
        /// An octet outside the alphabet, white space included.
        case invalidCharacter
        /// The length is no multiple of four, or the padding is wrong, or unused bits are not zero.
        case invalidPadding
        /// More octets than the caller's bound.
        case tooLong
    }

    // MARK: Encoding

    /// One line, padded.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] { encode(bytes, lineLength: 0) }

    /// Lines of 76 characters, each ended by CRLF (RFC 2045). Empty input gives no line.
    package static func encodeLines(_ bytes: [UInt8]) -> [UInt8] { encode(bytes, lineLength: 76) }

    private static func encode(_ bytes: [UInt8], lineLength: Int) -> [UInt8] {
        let encodedCount = (bytes.count + 2) / 3 * 4
        guard encodedCount > 0 else { return [] }
        let lines = lineLength > 0 ? (encodedCount + lineLength - 1) / lineLength : 0
        return [UInt8](unsafeUninitializedCapacity: encodedCount + lines * 2) { buffer, count in
            bytes.withUnsafeBufferPointer { input in
                alphabet.withUnsafeBufferPointer { table in
                    var read = 0
                    var column = 0
                    while read < input.count {
                        let left = input.count - read
                        let second = left > 1 ? input[read + 1] : 0
                        let third = left > 2 ? input[read + 2] : 0
                        let group = UInt32(input[read]) << 16 | UInt32(second) << 8 | UInt32(third)
                        buffer[count] = table[Int(group >> 18)]
                        buffer[count + 1] = table[Int(group >> 12 & 63)]
                        buffer[count + 2] = left > 1 ? table[Int(group >> 6 & 63)] : ASCII.equals
                        buffer[count + 3] = left > 2 ? table[Int(group & 63)] : ASCII.equals
                        count += 4
                        read += 3
                        column += 4
                        if column == lineLength || (lineLength > 0 && read >= input.count) {
                            buffer[count] = ASCII.cr
                            buffer[count + 1] = ASCII.lf
                            count += 2
                            column = 0
                        }
                    }
                }
            }
        }
    }

    // MARK: Decoding

    /// Decodes strictly: no white space, full padding, no stray bits.
    ///
    /// - Parameter maximumDecodedBytes: bound on the answer, checked before anything is allocated.
    /// - Throws: `DecodingError`.
    package static func decode(_ bytes: [UInt8], maximumDecodedBytes: Int = .max) throws(DecodingError) -> [UInt8] {
        guard bytes.count % 4 == 0 else { throw .invalidPadding }
        guard let last = bytes.last else { return [] }
        let padding = last != ASCII.equals ? 0 : bytes[bytes.count - 2] == ASCII.equals ? 2 : 1
        let decodedCount = bytes.count / 4 * 3 - padding
        guard decodedCount <= maximumDecodedBytes else { throw .tooLong }
        var failure: DecodingError?
        let decoded = [UInt8](unsafeUninitializedCapacity: bytes.count / 4 * 3) { buffer, count in
            failure = bytes.withUnsafeBufferPointer { input in
                values.withUnsafeBufferPointer { table in
                    decode(input, padding: padding, table: table, into: buffer)
                }
            }
            count = failure == nil ? decodedCount : 0
        }
        if let failure { throw failure }
        return decoded
    }

    private static func decode(
        _ input: UnsafeBufferPointer<UInt8>, padding: Int, table: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> DecodingError? {
        let whole = (padding > 0 ? input.count - 4 : input.count)
        var write = 0
        var read = 0
        var invalid: UInt8 = 0
        while read < whole {
            let (a, b, c, d) = (table[Int(input[read])], table[Int(input[read + 1])], table[Int(input[read + 2])], table[Int(input[read + 3])])
            invalid |= a | b | c | d
            output[write] = a << 2 | b >> 4
            output[write + 1] = b << 4 | c >> 2
            output[write + 2] = c << 6 | d
            write += 3
            read += 4
        }
        if padding > 0 {
            let (a, b) = (table[Int(input[read])], table[Int(input[read + 1])])
            let c = padding == 1 ? table[Int(input[read + 2])] : 0
            invalid |= a | b | c
            if invalid & 0xC0 == 0, padding == 1 ? c & 3 != 0 : b & 15 != 0 { return .invalidPadding }
            output[write] = a << 2 | b >> 4
            if padding == 1 { output[write + 1] = b << 4 | c >> 2 }
        }
        return invalid & 0xC0 == 0 ? nil : .invalidCharacter
    }

    /// Decodes as mail readers do: octets outside the alphabet are skipped, padding may be missing (RFC 2045, section 6.8).
    package static func decodeLenient(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var decoder = TransferDecoder(.base64)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count / 4 * 3 + 3)
        decoder.decode(bytes, into: &output)
        decoder.finish(into: &output)
        return output
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Value of each octet, 0xFF outside the alphabet.
    static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()
}
