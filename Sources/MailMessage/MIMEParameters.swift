/// The parameters of Content-Type and Content-Disposition, continuations and percent-encoding resolved (RFC 2045, section 5.1; RFC 2231).
package struct MIMEParameters: Hashable, Sendable {
    /// Bound on parameters and on sections of one; further ones are ignored.
    private static let maximumCount = 100

    private var values: [String: String] = [:]

    /// The value by lower-case name.
    package subscript(name: String) -> String? { values[name] }

    /// Reads `; name=value` to the end. Malformed parameters are skipped; of repeated ones the first counts; the RFC 2231 form wins over the
    /// plain one.
    init(_ scanner: inout FieldScanner) {
        var plain: [String: [UInt8]] = [:]
        var sections: [String: [Int: (octets: [UInt8], isExtended: Bool)]] = [:]
        var count = 0
        while !scanner.isAtEnd, count < Self.maximumCount {
            count += 1
            guard scanner.accept(ASCII.semicolon) else {
                scanner.skipPastSemicolon()
                if scanner.isAtEnd { break }
                Self.read(&scanner, plain: &plain, sections: &sections)
                continue
            }
            Self.read(&scanner, plain: &plain, sections: &sections)
        }
        for (name, octets) in plain { values[name] = EncodedWord.decode(octets) }
        for (name, parts) in sections { values[name] = Self.join(parts) ?? values[name] }
    }

    private static func read(
        _ scanner: inout FieldScanner, plain: inout [String: [UInt8]], sections: inout [String: [Int: (octets: [UInt8], isExtended: Bool)]]
    ) {
        guard let token = scanner.token(), scanner.accept(ASCII.equals) else { return }
        let value = scanner.parameterValue()
        let pieces = token.split(separator: ASCII.asterisk, omittingEmptySubsequences: false)
        let name = ASCII.lowercased(pieces[0])
        if pieces.count == 1 {
            if plain[name] == nil { plain[name] = value }
        } else if pieces.count == 2, pieces[1].isEmpty {
            if sections[name]?[0] == nil { sections[name, default: [:]][0] = (value, true) }
        } else if let number = InternetDate.decimal(pieces[1]), number < maximumCount, pieces.count == 2 || (pieces.count == 3 && pieces[2].isEmpty) {
            if sections[name]?[number] == nil { sections[name, default: [:]][number] = (value, pieces.count == 3) }
        }
    }

    /// Sections 0, 1, 2… up to the first gap; charset and language stand in the first.
    private static func join(_ parts: [Int: (octets: [UInt8], isExtended: Bool)]) -> String? {
        guard let first = parts[0] else { return nil }
        var charset = MailCharset.utf8
        var octets: [UInt8] = []
        var number = 0
        while let part = parts[number] {
            var content = part.octets[...]
            if number == 0, first.isExtended {
                let pieces = content.split(separator: ASCII.apostrophe, maxSplits: 2, omittingEmptySubsequences: false)
                if pieces.count == 3 {
                    charset = MailCharset(label: pieces[0]) ?? .utf8
                    content = pieces[2]
                }
            }
            if part.isExtended { appendDecoded(content, to: &octets) } else { octets.append(contentsOf: content) }
            number += 1
        }
        return charset.decode(octets)
    }

    private static func appendDecoded(_ bytes: ArraySlice<UInt8>, to octets: inout [UInt8]) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == ASCII.percent, index + 2 < bytes.endIndex, let high = ASCII.hexValue(bytes[index + 1]),
                let low = ASCII.hexValue(bytes[index + 2])
            {
                octets.append(high << 4 | low)
                index += 3
            } else {
                octets.append(bytes[index])
                index += 1
            }
        }
    }
}
