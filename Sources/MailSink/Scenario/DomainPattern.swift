/// A domain that a provider has: `gmail.test`, `*.many.test` for everything below a name, or `*` for everything.
package struct DomainPattern: Sendable, Hashable {
    /// In lower case.
    package let text: String
    /// What a domain ends with, for a pattern with a star.
    private let suffix: [UInt8]?

    /// nil for a text that is no pattern of a domain name.
    package init?(_ text: String) {
        let lower = String(decoding: text.utf8.map(Self.fold), as: UTF8.self)
        let name = lower == "*" ? "" : lower.hasPrefix("*.") ? String(lower.dropFirst(2)) : lower
        guard lower == "*" || Self.isName(name) else { return nil }
        self.text = lower
        suffix = lower.utf8.first == 0x2A ? Array(lower.utf8.dropFirst()) : nil
    }

    /// Whether a star stands for something.
    package var isWildcard: Bool { suffix != nil }

    /// The name without the star; empty for everything.
    package var base: String {
        guard isWildcard else { return text }
        return text == "*" ? "" : String(text.dropFirst(2))
    }

    /// Without regard to the case of ASCII letters.
    package func matches(_ domain: some StringProtocol) -> Bool {
        let octets = domain.utf8.lazy.map(Self.fold)
        guard let suffix else { return octets.elementsEqual(text.utf8) }
        let count = domain.utf8.count
        return count > suffix.count && octets.dropFirst(count - suffix.count).elementsEqual(suffix)
    }

    private static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        return name.utf8.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
        }
    }

    private static func fold(_ byte: UInt8) -> UInt8 { byte &- 0x41 <= 25 ? byte | 0x20 : byte }
}
