/// A record of 64 octets in a ``RecordLogWriter``'s file; numbers are little-endian.
package protocol FixedRecord: Sendable {
    /// The file's first eight octets, which name the kind and version of its records.
    static var magic: StaticString { get }

    /// Reads 64 octets.
    init(octets: UnsafeRawBufferPointer)

    /// Writes 64 octets, which are zero before.
    func write(to octets: UnsafeMutableRawBufferPointer)
}

extension FixedRecord {
    package static var size: Int { 64 }
}

extension UnsafeRawBufferPointer {
    package func number<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
        Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}

extension UnsafeMutableRawBufferPointer {
    package func set(_ value: some FixedWidthInteger, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value))
    }
}
