internal import Crypto

/// SHA-256 of a body while it arrives.
package struct PayloadHash: Sendable {
    private var hasher = SHA256()

    package init() {}

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { hasher.update(bufferPointer: $0) }
        }
    }

    /// For bodies in raw memory.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }

    /// 32 octets. More may follow; the hash of what came so far is not altered by asking.
    package func finalize() -> [UInt8] { Array(hasher.finalize()) }

    /// The hash of a whole body.
    package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = PayloadHash()
        hash.update(bytes)
        return hash.finalize()
    }
}
