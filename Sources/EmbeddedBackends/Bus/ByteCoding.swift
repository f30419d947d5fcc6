/// Appends little-endian values to a byte array.
struct ByteEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { self.bytes.append(contentsOf: $0) }
    }

    /// A length of 16 bits and the UTF-8 bytes.
    mutating func append(_ text: String) {
        self.append(UInt16(text.utf8.count))
        self.bytes.append(contentsOf: text.utf8)
    }
}

/// Reads what ``ByteEncoder`` wrote; nil when the bytes end early.
struct ByteDecoder {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { self.position == self.bytes.count }

    mutating func next<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard self.bytes.count - self.position >= size else { return nil }
        defer { self.position += size }
        return Value(littleEndian: self.bytes.loadUnaligned(fromByteOffset: self.position, as: type))
    }

    mutating func nextText() -> String? {
        guard let length = self.next(UInt16.self), self.bytes.count - self.position >= Int(length) else { return nil }
        defer { self.position += Int(length) }
        return String(decoding: self.bytes[self.position..<self.position + Int(length)], as: UTF8.self)
    }
}
