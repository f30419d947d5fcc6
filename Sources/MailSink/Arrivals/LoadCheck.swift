import ApusCore
package import NIOCore

/// Reads a message's content as it comes, finds its ``LoadID`` and checks that it is what the generator wrote. Keeps the header section only, and that to a bound.
package struct LoadCheck {
    /// Octets of a header section that are looked at.
    package static let window = 65_536

    private var head: [UInt8] = []
    private var isHeadComplete = false
    private var body = XXHash64()
    private var id: LoadID?
    private var isHeadIntact = false

    package init() {}

    /// The next part of the content.
    package mutating func receive(_ slice: ByteBuffer) {
        slice.withUnsafeReadableBytes { bytes in
            if isHeadComplete {
                if id != nil { body.update(bytes) }
                return
            }
            let before = head.count
            head.append(contentsOf: bytes)
            guard let end = Self.end(of: head, from: max(before - 3, 0)) else {
                if head.count > Self.window { finishHead(head.count) }
                return
            }
            finishHead(end)
            // The rest of this slice belongs to the body.
            if id != nil { body.update(UnsafeRawBufferPointer(rebasing: bytes[(end - before)...])) }
        }
    }

    /// What the message is, once all of it has come.
    ///
    /// - Returns: nil when it has no id; otherwise the id and what is wrong with the content.
    package mutating func finish() -> (id: LoadID, flags: Arrival.Flags)? {
        if !isHeadComplete { finishHead(head.count) }
        guard let id else { return nil }
        var flags: Arrival.Flags = []
        if !isHeadIntact { flags.insert(.alteredHead) }
        if body.value != id.body { flags.insert(.alteredBody) }
        return (id, flags)
    }

    /// A hash of the `Message-ID` of a message without a ``LoadID``; nil without either.
    mutating func foreignID() -> UInt64? {
        MessageIDScanner.id(in: ByteBuffer(bytes: head)).map { id in
            var id = id
            return id.withUTF8 { XXHash64.hash(UnsafeRawBufferPointer($0)) }
        }
    }

    /// The offset behind the empty line.
    private static func end(of head: [UInt8], from start: Int) -> Int? {
        head.withUnsafeBufferPointer { bytes in
            var position = start
            while position + 3 < bytes.count {
                // Every fourth octet of the sequence is looked at first: most are letters.
                let last = bytes[position + 3]
                if last == 0x0A {
                    if bytes[position] == 0x0D, bytes[position + 1] == 0x0A, bytes[position + 2] == 0x0D { return position + 4 }
                    position += 2
                } else {
                    position += last == 0x0D ? 1 : 4
                }
            }
            return nil
        }
    }

    private mutating func finishHead(_ end: Int) {
        isHeadComplete = true
        if head.count > end { head.removeSubrange(end...) }
        head.withUnsafeBytes { bytes in
            let name = LoadID.field
            var line = 0
            while line < bytes.count {
                let lineEnd = bytes[line...].firstIndex(of: 0x0A) ?? bytes.count
                defer { line = lineEnd + 1 }
                guard Self.isField(bytes[line..<lineEnd], name) else { continue }
                let value = Array(bytes[(line + name.utf8CodeUnitCount + 1)..<lineEnd].filter { $0 != 0x20 && $0 != 0x0D })
                guard let found = LoadID(value) else { return }
                id = found
                let start = lineEnd + 1
                let stop = start + Int(found.headOctets)
                guard stop <= bytes.count else { return }
                isHeadIntact = UInt32(truncatingIfNeeded: XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[start..<stop]))) == found.head
                return
            }
        }
    }

    private static func isField(_ line: Slice<UnsafeRawBufferPointer>, _ name: StaticString) -> Bool {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[line.startIndex + length] == 0x3A else { return false }
        for offset in 0..<length where line[line.startIndex + offset] | 0x20 != name.utf8Start[offset] | 0x20 { return false }
        return true
    }
}
