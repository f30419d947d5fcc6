import Backends

/// What a segment holds, as recovery and compaction need it.
struct SegmentContents {
    /// Where a record stands.
    struct Record: Hashable {
        var topic: UInt32
        var partition: UInt32
        var offset: Int64
        /// Milliseconds since 1970.
        var timestamp: Int64
        var position: UInt32
        /// The whole frame, in bytes.
        var length: UInt32
    }

    struct Commit: Hashable {
        var topic: UInt32
        var partition: UInt32
        var group: String
        var offset: Int64
    }

    var records: [Record] = []
    var commits: [Commit] = []
    var checkpoint: Checkpoint?
    /// The bytes that count.
    var length: UInt32 = 0

    init() {}

    /// Reads a segment frame by frame and checks every byte of it.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - segment: its number.
    ///   - path: for the error.
    ///   - sealedLength: how far it must be whole. nil where that is not known: then it ends at the first frame that is not whole,
    ///     provided that no frame behind it says that the place had been synced.
    /// - Throws: ``BusError`` with ``BusError/Code/corrupt``, naming file and position.
    init(scanning bytes: UnsafeRawBufferPointer, segment: UInt32, path: String, sealedLength: UInt32?) throws {
        let end = sealedLength.map { Int($0) } ?? bytes.count
        var position = 0
        while position < end {
            guard let frame = Self.frame(in: bytes, at: position, segment: segment) else {
                guard sealedLength == nil, !Self.wasSynced(bytes, at: position, segment: segment) else {
                    throw Self.damage(path, position)
                }
                break
            }
            let (header, payload) = frame
            switch header.kind {
            case .record:
                self.records.append(
                    Record(
                        topic: header.topic, partition: header.partition, offset: header.offset, timestamp: header.timestamp,
                        position: UInt32(position), length: UInt32(header.frameLength)))
            case .commit:
                self.commits.append(
                    Commit(
                        topic: header.topic, partition: header.partition, group: String(decoding: payload, as: UTF8.self),
                        offset: header.offset))
            case .checkpoint:
                guard let checkpoint = Checkpoint(decoding: payload) else { throw Self.damage(path, position) }
                self.checkpoint = checkpoint
            case .end:
                self.length = UInt32(position)
                return
            }
            position += header.frameLength
        }
        self.length = UInt32(position)
    }

    /// A whole frame, with its payload; nil where there is none.
    static func frame(
        in bytes: UnsafeRawBufferPointer, at position: Int, segment: UInt32
    ) -> (header: FrameHeader, payload: UnsafeRawBufferPointer)? {
        guard let base = bytes.baseAddress, bytes.count - position >= FrameHeader.size,
            let header = FrameHeader(decoding: base + position, segment: segment)
        else { return nil }
        let start = position + FrameHeader.size
        guard bytes.count - start >= Int(header.payloadLength) else { return nil }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(header.payloadLength)])
        let keyEnd = Int(header.keyLength)
        let checksum = FrameHeader.checksum(
            key: UnsafeRawBufferPointer(rebasing: payload[..<keyEnd]), value: UnsafeRawBufferPointer(rebasing: payload[keyEnd...]))
        return checksum == header.payloadChecksum ? (header, payload) : nil
    }

    /// True when a frame behind a position says that the position had been synced.
    private static func wasSynced(_ bytes: UnsafeRawBufferPointer, at position: Int, segment: UInt32) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var cursor = position + 8
        while bytes.count - cursor >= FrameHeader.size {
            // Most places cannot be a header by their kind; the checksum is worth computing for the rest only.
            let kind = base.load(fromByteOffset: cursor + 14, as: UInt8.self)
            if kind > 0, kind <= 4, let header = FrameHeader(decoding: base + cursor, segment: segment), Int(header.synced) > position {
                return true
            }
            cursor += 8
        }
        return false
    }

    private static func damage(_ path: String, _ position: Int) -> BusError {
        BusError(
            .corrupt,
            "\(path) is damaged at byte \(position), in a part that was acknowledged. Restore the data folder from a copy; or, to go on "
                + "without what this file holds, move it and its .index out of the folder")
    }
}
