#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// Searches over raw memory with libc's vectorised `memchr`: message content is scanned a line at a time, never an octet at a time.
enum ByteSearch {
    /// The first position of `byte` in `range`, or nil.
    static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        guard start < end, let base = bytes.baseAddress else { return nil }
        guard let hit = memchr(base + start, Int32(byte), end - start) else { return nil }
        return UnsafeRawPointer(hit) - base
    }

    /// Whether an octet above 127 occurs. Eight octets at a time.
    static func containsNonASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index &+ 32 <= count {
            let a = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let b = bytes.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self)
            let c = bytes.loadUnaligned(fromByteOffset: index &+ 16, as: UInt64.self)
            let d = bytes.loadUnaligned(fromByteOffset: index &+ 24, as: UInt64.self)
            if (a | b | c | d) & 0x8080_8080_8080_8080 != 0 { return true }
            index &+= 32
        }
        while index < count {
            if bytes[index] >= 0x80 { return true }
            index &+= 1
        }
        return false
    }
}
