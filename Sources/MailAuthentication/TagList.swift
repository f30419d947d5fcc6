/// A list of tags and values: `v=1; a=rsa-sha256; …` (RFC 6376 §3.2), as signatures and key records are written.
struct TagList {
    /// How many tags are read.
    static let maximumTags = 64

    private let tags: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]

    /// Reads a list, or gives nil when it is none: a tag without `=`, a name that is none, a name twice, too many.
    ///
    /// Values keep the white space inside them and lose it at their ends. Bytes above 126 and controls other than
    /// folding white space are refused, as the grammar of values has none.
    init?(_ text: ArraySlice<UInt8>) {
        var tags = [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]()
        var rest = text
        while true {
            let end = rest.firstIndex(of: ASCII.semicolon) ?? rest.endIndex
            let specification = ASCII.trimmed(rest[rest.startIndex..<end])
            let isLast = end == rest.endIndex
            if specification.isEmpty {
                // The semicolon after the last tag is allowed, an empty tag between others is not.
                guard isLast, !tags.isEmpty else { return nil }
                break
            }
            guard tags.count < Self.maximumTags, let equals = specification.firstIndex(of: ASCII.equals) else {
                return nil
            }
            let name = ASCII.trimmed(specification[specification.startIndex..<equals])
            let value = ASCII.trimmed(specification[(equals + 1)...])
            guard let first = name.first, ASCII.isAlpha(first),
                name.allSatisfy({ ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == 0x5F }),
                value.allSatisfy({ ASCII.isFolding($0) || ($0 > 0x20 && $0 < 0x7F) }),
                !tags.contains(where: { $0.name.elementsEqual(name) })
            else { return nil }
            tags.append((name, value))
            if isLast { break }
            rest = rest[(end + 1)...]
        }
        self.tags = tags
    }

    /// The value of the tag with this name; names have case.
    subscript(name: StaticString) -> ArraySlice<UInt8>? {
        name.withUTF8Buffer { wanted in tags.first { $0.name.elementsEqual(wanted) }?.value }
    }

    /// The name of the first tag.
    var firstName: ArraySlice<UInt8>? { tags.first?.name }

    /// The value of a tag whose white space does not count, as text.
    func text(_ name: StaticString) -> String? {
        self[name].map { String(decoding: $0.lazy.filter { !ASCII.isFolding($0) }, as: UTF8.self) }
    }

    /// A value that is a list between colons, each item without white space at its ends.
    static func items(_ value: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        value.split(separator: ASCII.colon, omittingEmptySubsequences: false).map(ASCII.trimmed)
    }

    /// A number of at most 12 digits, as times and lengths are (RFC 6376 §3.5), or nil.
    static func number(_ value: ArraySlice<UInt8>) -> Int64? {
        guard !value.isEmpty, value.count <= 12, value.allSatisfy(ASCII.isDigit) else { return nil }
        return value.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
