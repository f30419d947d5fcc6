/// The form of one record in a segment: length (4), CRC-32C of the payload (4), payload; numbers little-endian.
enum LogFrame {
    static let headerBytes = 8
    /// The largest payload. A length above it is damage, not a record.
    static let maximumPayload = 256 << 20

    static func append(_ payload: [UInt8], to bytes: inout [UInt8]) {
        bytes.appendLittleEndian(UInt32(payload.count))
        bytes.appendLittleEndian(CRC32C.checksum(payload))
        bytes += payload
    }

    /// The payload's range and the end of the frame that begins at `offset`.
    ///
    /// - Returns: nil when there is no whole and undamaged frame.
    static func payload(in bytes: [UInt8], at offset: Int) -> Range<Int>? {
        var reader = LogReader(bytes[min(offset, bytes.count)...])
        guard let length = reader.integer(UInt32.self), let checksum = reader.integer(UInt32.self), length <= Self.maximumPayload else {
            return nil
        }
        let range = (offset + Self.headerBytes)..<(offset + Self.headerBytes + Int(length))
        guard range.upperBound <= bytes.count, bytes[range].withUnsafeBytes({ CRC32C.checksum($0) }) == checksum else { return nil }
        return range
    }
}
