/// A pattern of `*` (any run) and `?` (any one octet), compared without regard to the case of ASCII letters.
struct GlobPattern: Sendable, Hashable {
    private let pattern: [UInt8]

    init(_ pattern: String) {
        self.pattern = pattern.utf8.map(Self.fold)
    }

    /// Linear in practice, and never worse than pattern × text: only the last star is ever tried again.
    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            var p = 0
            var t = 0
            var star: Int?
            var starText = 0
            while t < text.count {
                if p < pattern.count, pattern[p] == 0x2A {
                    star = p
                    starText = t
                    p += 1
                } else if p < pattern.count, pattern[p] == 0x3F || pattern[p] == Self.fold(text[t]) {
                    p += 1
                    t += 1
                } else if let star {
                    p = star + 1
                    starText += 1
                    t = starText
                } else {
                    return false
                }
            }
            while p < pattern.count, pattern[p] == 0x2A { p += 1 }
            return p == pattern.count
        }
    }

    private static func fold(_ byte: UInt8) -> UInt8 { byte &- 0x41 <= 25 ? byte | 0x20 : byte }
}
