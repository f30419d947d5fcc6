/// Octets of the SMTP grammar by name.
enum ASCII {
    static let nul: UInt8 = 0x00
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let doubleQuote: UInt8 = 0x22
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let hyphen: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
    static let colon: UInt8 = 0x3A
    static let less: UInt8 = 0x3C
    static let equals: UInt8 = 0x3D
    static let greater: UInt8 = 0x3E
    static let question: UInt8 = 0x3F
    static let at: UInt8 = 0x40
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let delete: UInt8 = 0x7F

    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero <= 9 }

    /// Upper-cases `a`–`z` and leaves every other octet alone.
    static func upper(_ byte: UInt8) -> UInt8 { byte &- 0x61 <= 25 ? byte & 0xDF : byte }

    /// Whether two runs of octets are the same when the case of ASCII letters is ignored.
    static func equalsIgnoringCase(_ bytes: some Sequence<UInt8>, _ keyword: StaticString) -> Bool {
        keyword.withUTF8Buffer { wanted in
            var index = 0
            for byte in bytes {
                guard index < wanted.count, upper(byte) == upper(wanted[index]) else { return false }
                index += 1
            }
            return index == wanted.count
        }
    }

    /// The number that decimal digits spell; nil when empty, not digits, or above `Int.max`.
    static func decimal(_ bytes: some Sequence<UInt8>) -> Int? {
        var value = 0
        var seen = false
        for byte in bytes {
            guard isDigit(byte) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte - zero))
            if overflow || carry { return nil }
            value = sum
            seen = true
        }
        return seen ? value : nil
    }
}
