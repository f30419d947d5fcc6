internal import ApusCore
internal import Crypto

/// What a marker is kept under: 128 bits of SHA-256 of the message id and the recipient's address, so that neither memory nor disk
/// holds addresses, and entries are small.
struct MarkerKey: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(_ message: MessageID, _ recipient: String) {
        var hash = SHA256()
        // The id has a fixed length, so the two cannot run into each other.
        var id = message.rawValue
        var address = recipient
        id.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        address.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        let digest = hash.finalize()
        (self.high, self.low) = digest.withUnsafeBytes { bytes in
            (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian,
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian
            )
        }
    }

    func hash(into hasher: inout Hasher) {
        // As good as random already.
        hasher.combine(self.low)
    }
}
