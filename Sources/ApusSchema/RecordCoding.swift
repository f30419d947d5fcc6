package import NIOCore
package import SwiftProtobuf

/// Record bytes to and from values.
package enum RecordCoding {
    /// Encodes a record for the bus.
    ///
    /// - Throws: `BinaryEncodingError` for a message above 2 GB; records are bounded far below.
    package static func encode(_ message: some Message) throws -> ByteBuffer {
        let bytes: [UInt8] = try message.serializedBytes()
        return ByteBuffer(bytes: bytes)
    }

    /// Decodes a record's payload.
    ///
    /// - Throws: `BinaryDecodingError` when the bytes are not a record of this type.
    package static func decode<Value: Message>(_ type: Value.Type, from buffer: ByteBuffer) throws -> Value {
        try buffer.withUnsafeReadableBytes { bytes in
            try Value(serializedBytes: [UInt8](bytes))
        }
    }
}
