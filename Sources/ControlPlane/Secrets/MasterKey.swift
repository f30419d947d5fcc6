internal import Crypto

/// A key that secrets are sealed with, and the id by which sealed secrets name it.
struct MasterKey: Sendable {
    /// Eight bytes derived from the key, so that the same key has the same id wherever it is kept.
    let id: [UInt8]
    let key: SymmetricKey

    /// - Parameter bytes: 32 bytes.
    init(bytes: [UInt8]) {
        self.key = SymmetricKey(data: bytes)
        let digest = HMAC<SHA256>.authenticationCode(for: Array("apus master key id".utf8), using: self.key)
        self.id = Array(digest.prefix(8))
    }
}
