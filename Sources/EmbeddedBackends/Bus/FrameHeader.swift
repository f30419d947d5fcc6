import ApusCore

/// The 48 bytes in front of every payload in a segment, little-endian:
///
/// ```
///  0 u32 CRC-32C of bytes 4..<48, begun with the segment's number    24 u32 synced
///  4 u32 checksum of the payload, low half                           28 u32 its high half
///  8 u32 payload length (key and value)                              32 i64 offset
/// 12 u16 key length                                                  40 i64 milliseconds since 1970
/// 14 u8 kind · 15 u8 zero                                            48 payload, padded with zeros to a multiple of 8
/// 16 u32 topic · 20 u32 partition
/// ```
///
/// The segment's number goes into the checksum so that what a file held in an earlier life never passes for a frame of this one:
/// files are reused, because overwriting allocated blocks needs no file-system journal commit.
///
/// `synced` is the position up to which this segment was known to be synced when the frame was written. It lets recovery tell a torn
/// tail, which no one was promised, from damage to what was acknowledged.
struct FrameHeader: Hashable {
    enum Kind: UInt8 {
        /// A record; the payload is the key followed by the value.
        case record = 1
        /// A group's committed offset; the payload is the group's name as key.
        case commit = 2
        /// The first frame of a segment: everything that is not a record, see ``Checkpoint``.
        case checkpoint = 3
        /// Nothing follows: written on a clean close, and after cold copies.
        case end = 4
    }

    static let size = 48

    var kind: Kind
    var topic: UInt32 = 0
    var partition: UInt32 = 0
    var synced: UInt32
    var offset: Int64 = 0
    var timestamp: Int64 = 0
    var keyLength: UInt16 = 0
    var payloadLength: UInt32 = 0
    var payloadChecksum: UInt64 = 0

    /// The checksum of a payload: XXH64 of the value, begun with the XXH64 of the key.
    static func checksum(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> UInt64 {
        XXHash64.hash(value, seed: XXHash64.hash(key))
    }

    /// The bytes that the frame takes in the segment.
    var frameLength: Int { Self.frameLength(payload: Int(self.payloadLength)) }

    /// The bytes that a frame with a payload of this length takes.
    static func frameLength(payload: Int) -> Int {
        (self.size + payload + 7) & ~7
    }

    /// Writes the header; `target` has room for ``size`` bytes.
    func encode(into target: UnsafeMutableRawPointer, segment: UInt32) {
        func store<Value: FixedWidthInteger>(_ value: Value, _ at: Int) {
            target.storeBytes(of: value.littleEndian, toByteOffset: at, as: Value.self)
        }
        store(UInt32(truncatingIfNeeded: self.payloadChecksum), 4)
        store(self.payloadLength, 8)
        store(self.keyLength, 12)
        store(self.kind.rawValue, 14)
        store(UInt8(0), 15)
        store(self.topic, 16)
        store(self.partition, 20)
        store(self.synced, 24)
        store(UInt32(truncatingIfNeeded: self.payloadChecksum >> 32), 28)
        store(self.offset, 32)
        store(self.timestamp, 40)
        store(Self.checksum(of: UnsafeRawPointer(target), segment: segment), 0)
    }

    /// Reads a header and checks its checksum; nil when these bytes are no header of this segment.
    ///
    /// - Parameter source: at least ``size`` bytes.
    init?(decoding source: UnsafeRawPointer, segment: UInt32) {
        func load<Value: FixedWidthInteger>(_ at: Int, as type: Value.Type) -> Value {
            Value(littleEndian: source.loadUnaligned(fromByteOffset: at, as: type))
        }
        guard let kind = Kind(rawValue: load(14, as: UInt8.self)), load(15, as: UInt8.self) == 0,
            load(0, as: UInt32.self) == Self.checksum(of: source, segment: segment)
        else { return nil }
        self.kind = kind
        self.topic = load(16, as: UInt32.self)
        self.partition = load(20, as: UInt32.self)
        self.synced = load(24, as: UInt32.self)
        self.offset = load(32, as: Int64.self)
        self.timestamp = load(40, as: Int64.self)
        self.keyLength = load(12, as: UInt16.self)
        self.payloadLength = load(8, as: UInt32.self)
        self.payloadChecksum = UInt64(load(4, as: UInt32.self)) | UInt64(load(28, as: UInt32.self)) << 32
        guard UInt32(self.keyLength) <= self.payloadLength else { return nil }
    }

    init(
        kind: Kind, synced: UInt32, topic: UInt32 = 0, partition: UInt32 = 0, offset: Int64 = 0, timestamp: Int64 = 0,
        keyLength: Int = 0, payloadLength: Int = 0, payloadChecksum: UInt64 = 0
    ) {
        self.kind = kind
        self.synced = synced
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.keyLength = UInt16(keyLength)
        self.payloadLength = UInt32(payloadLength)
        self.payloadChecksum = payloadChecksum
    }

    /// The mark that nothing follows.
    static func end(synced: Int) -> FrameHeader {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        return FrameHeader(kind: .end, synced: UInt32(synced), payloadChecksum: self.checksum(key: empty, value: empty))
    }

    private static func checksum(of header: UnsafeRawPointer, segment: UInt32) -> UInt32 {
        let seed = withUnsafeBytes(of: segment.littleEndian) { CRC32C.checksum($0) }
        return CRC32C.checksum(UnsafeRawBufferPointer(start: header + 4, count: Self.size - 4), continuing: seed)
    }
}
