/// XXH64, the 64-bit hash of the xxHash specification: finds damage at several gigabytes a second without special instructions, where a table CRC takes
/// longer than everything else that happens to a record.
///
/// ```swift
/// var hash = XXHash64()
/// hash.update(first)
/// hash.update(second)
/// let value = hash.value      // the same as XXHash64.hash(first + second)
/// ```
package struct XXHash64: Sendable {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    private static let stripe = 32

    private let seed: UInt64
    private var lane1: UInt64
    private var lane2: UInt64
    private var lane3: UInt64
    private var lane4: UInt64
    private var total = 0
    /// The beginning of a stripe that is not complete yet.
    private var rest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init(seed: UInt64 = 0) {
        self.seed = seed
        lane1 = seed &+ Self.prime1 &+ Self.prime2
        lane2 = seed &+ Self.prime2
        lane3 = seed
        lane4 = seed &- Self.prime1
    }

    /// The hash of bytes.
    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var hash = XXHash64(seed: seed)
        hash.update(bytes)
        return hash.value
    }

    /// Goes on with further bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard var cursor = bytes.baseAddress else { return }
        var left = bytes.count
        let held = total % Self.stripe
        total += left
        if held > 0 {
            let taken = min(Self.stripe - held, left)
            withUnsafeMutableBytes(of: &rest) { $0.baseAddress?.advanced(by: held).copyMemory(from: cursor, byteCount: taken) }
            cursor += taken
            left -= taken
            guard held + taken == Self.stripe else { return }
            consume(rest.0, rest.1, rest.2, rest.3)
        }
        // Locals stay in registers where properties would be written back after each stripe.
        var (one, two, three, four) = (lane1, lane2, lane3, lane4)
        while left >= Self.stripe {
            one = Self.round(one, Self.word(cursor))
            two = Self.round(two, Self.word(cursor + 8))
            three = Self.round(three, Self.word(cursor + 16))
            four = Self.round(four, Self.word(cursor + 24))
            cursor += Self.stripe
            left -= Self.stripe
        }
        (lane1, lane2, lane3, lane4) = (one, two, three, four)
        if left > 0 { withUnsafeMutableBytes(of: &rest) { $0.baseAddress?.copyMemory(from: cursor, byteCount: left) } }
    }

    /// The hash of all bytes so far.
    package var value: UInt64 {
        var hash: UInt64
        if total >= Self.stripe {
            hash = Self.rotate(lane1, 1) &+ Self.rotate(lane2, 7) &+ Self.rotate(lane3, 12) &+ Self.rotate(lane4, 18)
            hash = Self.merge(hash, lane1)
            hash = Self.merge(hash, lane2)
            hash = Self.merge(hash, lane3)
            hash = Self.merge(hash, lane4)
        } else {
            hash = seed &+ Self.prime5
        }
        hash = hash &+ UInt64(total)
        return withUnsafeBytes(of: rest) { Self.finish(hash, UnsafeRawBufferPointer(rebasing: $0.prefix(total % Self.stripe))) }
    }

    private mutating func consume(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        lane1 = Self.round(lane1, UInt64(littleEndian: first))
        lane2 = Self.round(lane2, UInt64(littleEndian: second))
        lane3 = Self.round(lane3, UInt64(littleEndian: third))
        lane4 = Self.round(lane4, UInt64(littleEndian: fourth))
    }

    private static func finish(_ value: UInt64, _ tail: UnsafeRawBufferPointer) -> UInt64 {
        var hash = value
        var offset = 0
        while tail.count - offset >= 8 {
            let word = UInt64(littleEndian: tail.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            hash = rotate(hash ^ round(0, word), 27) &* prime1 &+ prime4
            offset += 8
        }
        if tail.count - offset >= 4 {
            let word = UInt64(UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            hash = rotate(hash ^ (word &* prime1), 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < tail.count {
            hash = rotate(hash ^ (UInt64(tail[offset]) &* prime5), 11) &* prime1
            offset += 1
        }
        return avalanche(hash)
    }

    private static func word(_ pointer: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self))
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value &<< count) | (value &>> (64 &- count))
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var hash = value
        hash ^= hash &>> 33
        hash = hash &* prime2
        hash ^= hash &>> 29
        hash = hash &* prime3
        return hash ^ (hash &>> 32)
    }
}
