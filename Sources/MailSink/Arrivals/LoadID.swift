/// The id of a message of a load, and what finds an alteration of it: the value of its field `X-Load-Id`.
///
/// ```
/// X-Load-Id: 5f3a9c01-000000002a-00d4-9b3c11f0-2c51d2f0a1b7e4d9
///            run      sequence   │    head     body
///                                octets of the head that were hashed
/// ```
///
/// All numbers are hexadecimal. `head` hashes as many octets as said that follow the field's own line, so that systems may add fields above and below them;
/// `body` hashes everything after the empty line. Both are XXH64, of which `head` keeps the lower half.
package struct LoadID: Sendable, Hashable, CustomStringConvertible {
    /// Octets of the value.
    package static let length = 50
    package static let field: StaticString = "X-Load-Id"

    /// Tells one run's messages from another's.
    package var run: UInt32
    /// From 0 on in the order in which messages were made.
    package var sequence: UInt64
    package var headOctets: UInt16
    package var head: UInt32
    package var body: UInt64

    package init(run: UInt32, sequence: UInt64, headOctets: UInt16, head: UInt32, body: UInt64) {
        self.run = run
        self.sequence = sequence
        self.headOctets = headOctets
        self.head = head
        self.body = body
    }

    /// Reads a value. nil for anything that is not one to the letter.
    package init?(_ text: some Collection<UInt8>) {
        guard text.count == Self.length else { return nil }
        var fields: [UInt64] = []
        var value: UInt64 = 0
        var digits = 0
        let ends = [8, 19, 24, 33, 50]
        for (offset, byte) in text.enumerated() {
            if offset == ends[fields.count] {
                guard byte == 0x2D else { return nil }
                fields.append(value)
                (value, digits) = (0, 0)
                continue
            }
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            default: return nil
            }
            digits += 1
        }
        fields.append(value)
        guard fields.count == 5, digits == 16 else { return nil }
        self.init(
            run: UInt32(fields[0]), sequence: fields[1], headOctets: UInt16(fields[2]), head: UInt32(fields[3]), body: fields[4])
    }

    /// The value's octets.
    package func write(to output: inout [UInt8]) {
        Self.write(UInt64(run), digits: 8, to: &output)
        output.append(0x2D)
        Self.write(sequence, digits: 10, to: &output)
        output.append(0x2D)
        Self.write(UInt64(headOctets), digits: 4, to: &output)
        output.append(0x2D)
        Self.write(UInt64(head), digits: 8, to: &output)
        output.append(0x2D)
        Self.write(body, digits: 16, to: &output)
    }

    package var description: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ value: UInt64, digits: Int, to output: inout [UInt8]) {
        for place in (0..<digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(place * 4)) & 0x0F
            output.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
        }
    }
}
