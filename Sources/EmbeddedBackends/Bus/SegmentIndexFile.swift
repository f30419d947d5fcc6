/// The list of a finished segment's records, beside it, so that opening the bus does not read the segment:
///
/// ```
/// u32 CRC-32C of what follows · u32 version 1 · u32 segment · u32 sealed length · u32 count
/// for each record: u32 topic, u32 partition, i64 offset, i64 timestamp, u32 position, u32 length
/// ```
///
/// It is never needed: a missing or damaged one costs a scan.
enum SegmentIndexFile {
    private static let version: UInt32 = 1

    static func encode(segment: UInt32, length: UInt32, records: [SegmentContents.Record]) -> [UInt8] {
        var body = ByteEncoder()
        body.append(self.version)
        body.append(segment)
        body.append(length)
        body.append(UInt32(records.count))
        for record in records {
            body.append(record.topic)
            body.append(record.partition)
            body.append(record.offset)
            body.append(record.timestamp)
            body.append(record.position)
            body.append(record.length)
        }
        var file = ByteEncoder()
        file.append(CRC32C.checksum(body.bytes))
        return file.bytes + body.bytes
    }

    /// nil when the bytes are not the index of this segment at this length.
    static func decode(_ bytes: [UInt8], segment: UInt32, length: UInt32) -> [SegmentContents.Record]? {
        bytes.withUnsafeBytes { bytes -> [SegmentContents.Record]? in
            guard bytes.count >= 20 else { return nil }
            var decoder = ByteDecoder(bytes)
            guard decoder.next(UInt32.self) == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[4...])),
                decoder.next(UInt32.self) == self.version, decoder.next(UInt32.self) == segment,
                decoder.next(UInt32.self) == length, let count = decoder.next(UInt32.self), bytes.count == 20 + Int(count) * 32
            else { return nil }
            var records: [SegmentContents.Record] = []
            records.reserveCapacity(Int(count))
            for index in 0..<Int(count) {
                let at = 20 + index * 32
                func load<Value: FixedWidthInteger>(_ offset: Int, as type: Value.Type) -> Value {
                    Value(littleEndian: bytes.loadUnaligned(fromByteOffset: at + offset, as: type))
                }
                records.append(
                    SegmentContents.Record(
                        topic: load(0, as: UInt32.self), partition: load(4, as: UInt32.self), offset: load(8, as: Int64.self),
                        timestamp: load(16, as: Int64.self), position: load(24, as: UInt32.self), length: load(28, as: UInt32.self)))
            }
            return records
        }
    }
}
