/// CRC-32C (Castagnoli polynomial, reflected; RFC 3720 appendix B.4), eight bytes a step.
package enum CRC32C {
    /// Eight tables of 256 entries, built once and never freed.
    private struct Tables: @unchecked Sendable {
        let base: UnsafePointer<UInt32>

        init() {
            let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
            for index in 0..<256 {
                var value = UInt32(index)
                for _ in 0..<8 { value = (value & 1) == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
                tables[index] = value
            }
            for table in 1..<8 {
                for index in 0..<256 {
                    let previous = tables[(table - 1) * 256 + index]
                    tables[table * 256 + index] = (previous >> 8) ^ tables[Int(previous & 0xFF)]
                }
            }
            self.base = UnsafePointer(tables)
        }
    }

    private static let tables = Tables()

    /// The checksum of bytes, going on from an earlier one.
    ///
    /// - Parameters:
    ///   - bytes: what to add.
    ///   - previous: the checksum of what came before, 0 at the start.
    static func checksum(_ bytes: UnsafeRawBufferPointer, continuing previous: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return previous }
        let table = self.tables.base
        var value = ~previous
        var cursor = start
        var left = bytes.count
        while left >= 8 {
            let word = UInt64(littleEndian: cursor.loadUnaligned(as: UInt64.self)) ^ UInt64(value)
            let low =
                table[1792 + Int(word & 0xFF)] ^ table[1536 + Int((word >> 8) & 0xFF)]
                ^ table[1280 + Int((word >> 16) & 0xFF)] ^ table[1024 + Int((word >> 24) & 0xFF)]
            let high =
                table[768 + Int((word >> 32) & 0xFF)] ^ table[512 + Int((word >> 40) & 0xFF)]
                ^ table[256 + Int((word >> 48) & 0xFF)] ^ table[Int(word >> 56)]
            value = low ^ high
            cursor += 8
            left -= 8
        }
        while left > 0 {
            value = (value >> 8) ^ table[Int((value ^ UInt32(cursor.load(as: UInt8.self))) & 0xFF)]
            cursor += 1
            left -= 1
        }
        return ~value
    }

    /// The checksum of an array of bytes.
    package static func checksum(_ bytes: [UInt8], continuing previous: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { self.checksum($0, continuing: previous) }
    }
}
