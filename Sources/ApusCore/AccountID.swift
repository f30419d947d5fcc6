/// One customer of this installation: 12 decimal digits, as in AWS, so that ARNs look as clients expect.
package struct AccountID: Hashable, Comparable, Sendable {
    /// The twelve digits.
    package let rawValue: String

    /// - Returns: nil unless `rawValue` is exactly twelve ASCII digits.
    package init?(_ rawValue: String) {
        let bytes = rawValue.utf8
        guard bytes.count == 12, bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

extension AccountID: CustomStringConvertible {
    package var description: String { self.rawValue }
}
