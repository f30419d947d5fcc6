/// XXH64, the 64-bit hash of the xxHash specification: finds damage to payloads at several gigabytes a second without special
/// instructions, where a table CRC takes longer than everything else that happens to a record.
package enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The hash of bytes.
    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var left = bytes.count
        guard left > 0, var cursor = bytes.baseAddress else { return self.avalanche(seed &+ self.prime5) }
        var hash: UInt64
        if left >= 32 {
            var lane1 = seed &+ self.prime1 &+ self.prime2
            var lane2 = seed &+ self.prime2
            var lane3 = seed
            var lane4 = seed &- self.prime1
            repeat {
                lane1 = self.round(lane1, self.word(cursor))
                lane2 = self.round(lane2, self.word(cursor + 8))
                lane3 = self.round(lane3, self.word(cursor + 16))
                lane4 = self.round(lane4, self.word(cursor + 24))
                cursor += 32
                left -= 32
            } while left >= 32
            hash = self.rotate(lane1, 1) &+ self.rotate(lane2, 7) &+ self.rotate(lane3, 12) &+ self.rotate(lane4, 18)
            hash = self.merge(hash, lane1)
            hash = self.merge(hash, lane2)
            hash = self.merge(hash, lane3)
            hash = self.merge(hash, lane4)
        } else {
            hash = seed &+ self.prime5
        }
        hash = hash &+ UInt64(bytes.count)
        while left >= 8 {
            hash = self.rotate(hash ^ self.round(0, self.word(cursor)), 27) &* self.prime1 &+ self.prime4
            cursor += 8
            left -= 8
        }
        if left >= 4 {
            let value = UInt64(UInt32(littleEndian: cursor.loadUnaligned(as: UInt32.self)))
            hash = self.rotate(hash ^ (value &* self.prime1), 23) &* self.prime2 &+ self.prime3
            cursor += 4
            left -= 4
        }
        while left > 0 {
            hash = self.rotate(hash ^ (UInt64(cursor.load(as: UInt8.self)) &* self.prime5), 11) &* self.prime1
            cursor += 1
            left -= 1
        }
        return self.avalanche(hash)
    }

    private static func word(_ pointer: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self))
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value &<< count) | (value &>> (64 &- count))
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        self.rotate(lane &+ input &* self.prime2, 31) &* self.prime1
    }

    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ self.round(0, lane)) &* self.prime1 &+ self.prime4
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var hash = value
        hash ^= hash &>> 33
        hash = hash &* self.prime2
        hash ^= hash &>> 29
        hash = hash &* self.prime3
        return hash ^ (hash &>> 32)
    }
}
