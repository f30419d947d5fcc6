internal import Crypto

/// The name of a stored body: `<expiry hour>-<random>-<SHA-256, first half>`, 8, 16 and 32 hexadecimal digits.
///
/// Nothing else is taken for one, so a reference can be used as a file name whoever gave it.
struct BodyReference: Hashable, Sendable {
    /// The hour since the epoch at whose end the body may go.
    let expiryHour: UInt32
    let random: UInt64
    let checksum: [UInt8]

    init(expiryHour: UInt32, random: UInt64, body: UnsafeRawBufferPointer) {
        self.expiryHour = expiryHour
        self.random = random
        self.checksum = Self.checksum(of: body)
    }

    /// - Returns: nil unless `text` is exactly what ``text`` gives for some reference.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 58, bytes[8] == UInt8(ascii: "-"), bytes[25] == UInt8(ascii: "-"),
            let hour = Self.number(bytes[0..<8]), let random = Self.number(bytes[9..<25])
        else { return nil }
        var checksum: [UInt8] = []
        for index in stride(from: 26, to: 58, by: 2) {
            guard let byte = Self.number(bytes[index..<(index + 2)]) else { return nil }
            checksum.append(UInt8(byte))
        }
        self.expiryHour = UInt32(hour)
        self.random = random
        self.checksum = checksum
    }

    /// The folder of bodies that expire in the same hour.
    var bucket: String { Self.hex(UInt64(self.expiryHour), digits: 8) }

    var text: String {
        "\(self.bucket)-\(Self.hex(self.random, digits: 16))-\(self.checksum.map { Self.hex(UInt64($0), digits: 2) }.joined())"
    }

    func matches(_ body: UnsafeRawBufferPointer) -> Bool {
        Self.checksum(of: body) == self.checksum
    }

    /// The hour that a bucket's name stands for.
    static func expiryHour(ofBucket name: String) -> UInt32? {
        name.utf8.count == 8 ? Self.number(Array(name.utf8)[...]).map { UInt32($0) } : nil
    }

    private static func checksum(of body: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bufferPointer: body)
        return Array(hash.finalize().prefix(16))
    }

    private static func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// Lower-case hexadecimal digits only, so that one body has one name.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
