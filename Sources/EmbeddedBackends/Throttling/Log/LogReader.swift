/// Reads the fields of a stored record; every read is nil past the end.
struct LogReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { self.bytes.isEmpty }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        let count = Value.bitWidth / 8
        guard let field = self.field(count) else { return nil }
        var value: Value = 0
        for (index, byte) in field.enumerated() { value |= Value(truncatingIfNeeded: byte) << Value(index * 8) }
        return value
    }

    mutating func field(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, self.bytes.count >= count else { return nil }
        defer { self.bytes = self.bytes.dropFirst(count) }
        return self.bytes.prefix(count)
    }
}

extension [UInt8] {
    mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }
}
