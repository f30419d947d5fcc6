/// The id that a sender gets for an accepted message, in SES's form.
///
/// 60 characters: 16 hexadecimal digits, a UUID and `-000000`, joined by hyphens:
/// `0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-000000`. The first four digits are a code for the region, the next
/// twelve the acceptance time in milliseconds. Clients treat it as opaque; SES keeps this length and alphabet, and so does Apus.
package struct MessageID: Hashable, Sendable {
    /// The id as text.
    package let rawValue: String

    /// Takes an id that this service wrote earlier.
    ///
    /// - Returns: nil when `rawValue` is not of the form above.
    package init?(_ rawValue: String) {
        let bytes = Array(rawValue.utf8)
        guard bytes.count == 60 else { return nil }
        for (index, byte) in bytes.enumerated() {
            switch index {
            case 16, 25, 30, 35, 40, 53:
                guard byte == UInt8(ascii: "-") else { return nil }
            default:
                guard Self.isHexDigit(byte) else { return nil }
            }
        }
        self.rawValue = rawValue
    }

    /// Makes a new id.
    ///
    /// - Parameters:
    ///   - regionCode: the region's two bytes, from ``Region/code``.
    ///   - acceptedAt: the acceptance time; its low 48 bits go into the id.
    ///   - generator: the source of the UUID's 122 random bits (RFC 9562, version 4).
    package init(regionCode: UInt16, acceptedAt: UnixMilliseconds, using generator: inout some RandomNumberGenerator) {
        let stamp = UInt64(regionCode) << 48 | UInt64(bitPattern: acceptedAt.rawValue) & 0xffff_ffff_ffff
        let high = generator.next() & 0xffff_ffff_ffff_0fff | 0x0000_0000_0000_4000
        let low = generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        self.rawValue = String(unsafeUninitializedCapacity: 60) { buffer in
            var position = 0
            func hex(_ value: UInt64, digits: Int) {
                for shift in stride(from: (digits - 1) * 4, through: 0, by: -4) {
                    buffer[position] = Self.hexDigit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 0xf)
                    position += 1
                }
            }
            func hyphen() {
                buffer[position] = UInt8(ascii: "-")
                position += 1
            }
            hex(stamp, digits: 16)
            hyphen()
            hex(high >> 32, digits: 8)
            hyphen()
            hex(high >> 16, digits: 4)
            hyphen()
            hex(high, digits: 4)
            hyphen()
            hex(low >> 48, digits: 4)
            hyphen()
            hex(low, digits: 12)
            hyphen()
            hex(0, digits: 6)
            return position
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}

extension MessageID: CustomStringConvertible {
    package var description: String { self.rawValue }
}
