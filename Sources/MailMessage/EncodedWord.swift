/// Encoded words: non-ASCII text in header fields (RFC 2047, with the language tag of RFC 2231, section 5).
package enum EncodedWord {
    /// Octets of one word that are not text: `=?UTF-8?Q?` and `?=`.
    private static let overhead = 12

    // MARK: Encoding

    /// Encodes text as UTF-8 words separated by single spaces, split between scalars; B or Q, whichever is shorter.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - maximumLength: of one word, in octets, at least 24. RFC 2047 allows 75; less leaves room for the field name on the same line.
    package static func encode(_ text: String, maximumLength: Int = 64) -> [UInt8] {
        let room = max(min(maximumLength, 75), 24) - overhead
        var quotedLength = 0
        for byte in text.utf8 { quotedLength += isSafe(byte) || byte == ASCII.space ? 1 : 3 }
        let usesQ = quotedLength <= (text.utf8.count + 2) / 3 * 4
        var output: [UInt8] = []
        var chunk: [UInt8] = []
        var cost = 0
        for scalar in text.unicodeScalars {
            let octets = scalar.utf8
            let scalarCost = usesQ ? octets.reduce(0) { $0 + (isSafe($1) || $1 == ASCII.space ? 1 : 3) } : 0
            let length = usesQ ? cost + scalarCost : (chunk.count + octets.count + 2) / 3 * 4
            if length > room, !chunk.isEmpty {
                append(chunk, usesQ: usesQ, to: &output)
                chunk.removeAll(keepingCapacity: true)
                cost = 0
            }
            chunk.append(contentsOf: octets)
            cost += scalarCost
        }
        if !chunk.isEmpty { append(chunk, usesQ: usesQ, to: &output) }
        return output
    }

    /// What stands for itself in Q, also inside a phrase (RFC 2047, section 5, rule 3).
    private static func isSafe(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || byte == 0x21 || byte == ASCII.asterisk || byte == ASCII.plus || byte == ASCII.hyphen || byte == ASCII.slash
    }

    private static func append(_ chunk: [UInt8], usesQ: Bool, to output: inout [UInt8]) {
        if !output.isEmpty { output.append(ASCII.space) }
        output.append(contentsOf: usesQ ? "=?UTF-8?Q?".utf8 : "=?UTF-8?B?".utf8)
        if usesQ {
            for byte in chunk {
                if byte == ASCII.space {
                    output.append(ASCII.underscore)
                } else if isSafe(byte) {
                    output.append(byte)
                } else {
                    output.append(ASCII.equals)
                    output.append(ASCII.hexDigit(byte >> 4))
                    output.append(ASCII.hexDigit(byte & 15))
                }
            }
        } else {
            output.append(contentsOf: Base64.encode(chunk))
        }
        output.append(contentsOf: "?=".utf8)
    }

    // MARK: Decoding

    /// Text for display: words decoded, the white space between adjacent words dropped, everything else kept. Words in a charset that is not
    /// converted here, or malformed ones, stay as they are; invalid UTF-8 becomes U+FFFD.
    package static func decode(_ bytes: [UInt8]) -> String {
        var text = ""
        var plain: [UInt8] = []
        // Consecutive words of one charset are joined before decoding: many composers split inside a character.
        var pending: (charset: MailCharset, octets: [UInt8])?
        var index = 0
        while index < bytes.count {
            if bytes[index] == ASCII.equals, let word = parse(bytes, at: index) {
                if let (charset, octets) = pending {
                    if charset == word.charset {
                        pending = (charset, octets + word.octets)
                    } else {
                        text += charset.decode(octets)
                        pending = (word.charset, word.octets)
                    }
                } else {
                    text += String(decoding: plain, as: UTF8.self)
                    pending = (word.charset, word.octets)
                }
                plain.removeAll(keepingCapacity: true)
                index = word.end
                continue
            }
            if let (charset, octets) = pending, !ASCII.isFoldingWhiteSpace(bytes[index]) {
                text += charset.decode(octets)
                pending = nil
            }
            plain.append(bytes[index])
            index += 1
        }
        if let (charset, octets) = pending { text += charset.decode(octets) }
        return text + String(decoding: plain, as: UTF8.self)
    }

    /// `=?charset?encoding?text?=` at a position, decoded to octets of its charset.
    private static func parse(_ bytes: [UInt8], at start: Int) -> (charset: MailCharset, octets: [UInt8], end: Int)? {
        guard start + 8 <= bytes.count, bytes[start + 1] == ASCII.question else { return nil }
        let charsetStart = start + 2
        var index = charsetStart
        while index < bytes.count, bytes[index] != ASCII.question {
            guard ASCII.isToken(bytes[index]), index - charsetStart < 60 else { return nil }
            index += 1
        }
        let label = bytes[charsetStart..<index].prefix { $0 != ASCII.asterisk }
        guard index + 2 < bytes.count, bytes[index + 2] == ASCII.question, let charset = MailCharset(label: label) else { return nil }
        let encoding = ASCII.lowercased(bytes[index + 1])
        let textStart = index + 3
        index = textStart
        while index < bytes.count, bytes[index] != ASCII.question {
            guard ASCII.isVisible(bytes[index]) else { return nil }
            index += 1
        }
        guard index + 1 < bytes.count, bytes[index + 1] == ASCII.equals else { return nil }
        let encoded = bytes[textStart..<index]
        let octets: [UInt8]?
        switch encoding {
        case 0x62: octets = Base64.decodeLenient(encoded)
        case 0x71: octets = decodeQ(encoded)
        default: octets = nil
        }
        return octets.map { (charset, $0, index + 2) }
    }

    private static func decodeQ(_ encoded: ArraySlice<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(encoded.count)
        var index = encoded.startIndex
        while index < encoded.endIndex {
            let byte = encoded[index]
            if byte == ASCII.underscore {
                octets.append(ASCII.space)
            } else if byte == ASCII.equals {
                guard index + 2 < encoded.endIndex, let high = ASCII.hexValue(encoded[index + 1]), let low = ASCII.hexValue(encoded[index + 2]) else {
                    return nil
                }
                octets.append(high << 4 | low)
                index += 2
            } else {
                octets.append(byte)
            }
            index += 1
        }
        return octets
    }
}
