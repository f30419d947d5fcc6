/// The local part that a load's recipients have: `u42.0` is the first recipient of the message with sequence 42, `full-u42.0` the same of a kind that a sink's
/// rules look for.
package struct LoadRecipient: Sendable, Hashable {
    package var sequence: UInt64
    /// From 0 on within the message.
    package var index: UInt16

    package init(sequence: UInt64, index: UInt16) {
        self.sequence = sequence
        self.index = index
    }

    /// Finds it in an address. nil for an address of another form.
    package init?(address: String) {
        var address = address
        let found = address.withUTF8 { bytes -> (UInt64, UInt16)? in
            guard let at = bytes.lastIndex(of: 0x40) else { return nil }
            var position = at - 1
            guard let index = Self.number(bytes, endingAt: &position), index <= UInt64(UInt16.max), position >= 0, bytes[position] == 0x2E
            else { return nil }
            position -= 1
            guard let sequence = Self.number(bytes, endingAt: &position), position >= 0, bytes[position] | 0x20 == 0x75 else { return nil }
            guard position == 0 || bytes[position - 1] == 0x2D else { return nil }
            return (sequence, UInt16(index))
        }
        guard let found else { return nil }
        self.init(sequence: found.0, index: found.1)
    }

    /// The decimal number that ends at `position`, which moves in front of it.
    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, endingAt position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var scale: UInt64 = 1
        var digits = 0
        while position >= 0, bytes[position] &- 0x30 <= 9 {
            guard digits < 18 else { return nil }
            value += UInt64(bytes[position] - 0x30) * scale
            scale *= 10
            digits += 1
            position -= 1
        }
        return digits == 0 ? nil : value
    }
}
