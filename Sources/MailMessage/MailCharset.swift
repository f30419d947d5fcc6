/// The character sets that this target converts itself. All of them hold ASCII as their lower half.
package enum MailCharset: String, Hashable, Sendable, CaseIterable {
    case usASCII = "us-ascii"
    case utf8 = "utf-8"
    case iso8859_1 = "iso-8859-1"
    case iso8859_15 = "iso-8859-15"
    case windows1252 = "windows-1252"

    /// Looks a label up without regard to case; common aliases included. `nil` for a charset that is not converted here.
    package init?(label: some Sequence<UInt8>) {
        switch ASCII.lowercased(label) {
        case "us-ascii", "ascii", "ansi_x3.4-1968", "646": self = .usASCII
        case "utf-8", "utf8": self = .utf8
        case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1": self = .iso8859_1
        case "iso-8859-15", "iso8859-15", "iso_8859-15", "latin-9", "latin9": self = .iso8859_15
        case "windows-1252", "cp1252": self = .windows1252
        default: return nil
        }
    }

    /// The name as written in a Content-Type.
    package var label: String { rawValue }

    /// Unicode text of the octets; what the charset does not define becomes U+FFFD.
    package func decode(_ bytes: some Collection<UInt8>) -> String {
        switch self {
        case .utf8: return String(decoding: bytes, as: UTF8.self)
        case .usASCII: return Self.text(bytes) { $0 < 0x80 ? UInt32($0) : 0xFFFD }
        case .iso8859_1: return Self.text(bytes) { UInt32($0) }
        case .iso8859_15: return Self.text(bytes) { Self.latin9[$0] ?? UInt32($0) }
        case .windows1252:
            return Self.text(bytes) { $0 &- 0x80 < 0x20 ? UInt32(Self.windowsUpper[Int($0 - 0x80)]) : UInt32($0) }
        }
    }

    /// The octets of the text, or `nil` when a scalar has no place in this charset.
    package func encode(_ text: String) -> [UInt8]? {
        if self == .utf8 { return Array(text.utf8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let byte = octet(scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private func octet(_ scalar: UInt32) -> UInt8? {
        if scalar < 0x80 { return UInt8(truncatingIfNeeded: scalar) }
        switch self {
        case .utf8, .usASCII: return nil
        case .iso8859_1: return UInt8(exactly: scalar)
        case .iso8859_15:
            if let entry = Self.latin9.first(where: { $0.value == scalar }) { return entry.key }
            guard let byte = UInt8(exactly: scalar), Self.latin9[byte] == nil else { return nil }
            return byte
        case .windows1252:
            if let byte = UInt8(exactly: scalar), byte >= 0xA0 { return byte }
            guard scalar > 0xFF, scalar != 0xFFFD, let index = Self.windowsUpper.firstIndex(where: { UInt32($0) == scalar }) else { return nil }
            return UInt8(0x80 + index)
        }
    }

    private static func text(_ bytes: some Collection<UInt8>, scalar: (UInt8) -> UInt32) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes { scalars.append(Unicode.Scalar(scalar(byte)) ?? "\u{FFFD}") }
        return String(scalars)
    }

    /// Where ISO 8859-15 differs from 8859-1.
    private static let latin9: [UInt8: UInt32] = [
        0xA4: 0x20AC, 0xA6: 0x0160, 0xA8: 0x0161, 0xB4: 0x017D, 0xB8: 0x017E, 0xBC: 0x0152, 0xBD: 0x0153, 0xBE: 0x0178,
    ]

    /// 0x80 to 0x9F of Windows-1252; U+FFFD where it defines nothing.
    private static let windowsUpper: [UInt16] = [
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
        0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
    ]
}
