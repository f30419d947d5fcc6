internal import COpenSSL

/// A private key that signs, RSA or Ed25519.
///
/// Owns one `EVP_PKEY` from `init` to `deinit`; whoever holds a reference may sign with it. Nothing of the private part
/// is in `description`, and mirrors see an opaque pointer.
///
/// Sendable because the key never changes after `init` and libcrypto allows an `EVP_PKEY` that is not modified to be
/// used from many threads: it counts references atomically and guards its blinding state with its own lock.
package final class DKIMKey: Sendable {
    /// The smallest RSA key that receivers accept (RFC 8301 §3.2), in bits.
    package static let minimumRSABits = 1024
    /// The largest RSA key read, in bits: a larger one makes no TXT record and costs too much.
    package static let maximumRSABits = 8192

    /// What signatures of this key are called.
    package let algorithm: DKIMAlgorithm
    /// Length of the modulus in bits; 256 for Ed25519.
    package let bitCount: Int
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Takes over `pointer`, and frees it when the key is none that signs mail.
    init(adopting pointer: OpaquePointer) throws(DKIMError) {
        let bits = Int(EVP_PKEY_get_bits(pointer))
        switch EVP_PKEY_get_base_id(pointer) {
        case EVP_PKEY_RSA:
            algorithm = .rsaSHA256
            guard bits >= Self.minimumRSABits, bits <= Self.maximumRSABits else {
                EVP_PKEY_free(pointer)
                throw DKIMError(.unsupportedKeySize, "an RSA key must have 1024 to 8192 bits")
            }
            bitCount = bits
        case EVP_PKEY_ED25519:
            algorithm = .ed25519SHA256
            bitCount = 256
        default:
            EVP_PKEY_free(pointer)
            throw DKIMError(.unreadableKey, "the key is neither RSA nor Ed25519")
        }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    /// Makes a new RSA key, public exponent 65537.
    ///
    /// Takes some 50 ms for 2048 bits and blocks its thread for that time.
    ///
    /// - Parameter bits: 1024…4096; 2048 is what is published, 1024 is for those who must.
    /// - Throws: `DKIMError` with `.unsupportedKeySize` or `.cryptography`.
    package static func generateRSA(bits: Int = 2048) throws(DKIMError) -> DKIMKey {
        guard bits >= minimumRSABits, bits <= 4096 else {
            throw DKIMError(.unsupportedKeySize, "an RSA key is generated with 1024 to 4096 bits")
        }
        return try generate("RSA") { EVP_PKEY_CTX_set_rsa_keygen_bits($0, Int32(bits)) }
    }

    /// Makes a new Ed25519 key.
    package static func generateEd25519() throws(DKIMError) -> DKIMKey {
        try generate("ED25519") { _ in 1 }
    }

    private static func generate(
        _ name: String, configure: (OpaquePointer) -> Int32
    ) throws(DKIMError) -> DKIMKey {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, name, nil) else {
            throw DKIMError(.cryptography, "this kind of key cannot be generated")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var pointer: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, configure(context) == 1,
            EVP_PKEY_generate(context, &pointer) == 1, let pointer
        else {
            throw DKIMError(.cryptography, "a key could not be generated")
        }
        return try DKIMKey(adopting: pointer)
    }

    /// Signs `data` with this key's algorithm.
    ///
    /// RSA signs the data's SHA-256 with PKCS#1 v1.5 padding; Ed25519 signs the 32 bytes of the data's SHA-256
    /// (RFC 8463 §3). Both give the same signature each time. RSA-2048 takes about a quarter of a millisecond: not for
    /// event loops.
    ///
    /// - Returns: the signature: as many bytes as the modulus, or 64.
    /// - Throws: `DKIMError` with `.cryptography`.
    package func signature(of data: Span<UInt8>) throws(DKIMError) -> [UInt8] {
        switch algorithm {
        case .rsaSHA256:
            return try data.withUnsafeBytes { (bytes) throws(DKIMError) in
                try sign(bytes, hashing: true, capacity: Int(EVP_PKEY_get_size(pointer)))
            }
        case .ed25519SHA256:
            var digest = try SHA256Digest()
            data.withUnsafeBytes { digest.write($0) }
            let hash = try digest.finalize()
            return try hash.span.withUnsafeBytes { (bytes) throws(DKIMError) in
                try sign(bytes, hashing: false, capacity: 64)
            }
        }
    }

    private func sign(
        _ bytes: UnsafeRawBufferPointer, hashing: Bool, capacity: Int
    ) throws(DKIMError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw DKIMError(.cryptography, "no memory for a signature") }
        defer { EVP_MD_CTX_free(context) }
        // The fetched algorithm spares EVP_DigestSignInit the search through the providers on every message.
        let algorithm = hashing ? SHA256Digest.algorithm : nil
        var succeeded = EVP_DigestSignInit(context, nil, algorithm, nil, pointer) == 1
        let signature = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var length = capacity
            succeeded =
                succeeded
                && EVP_DigestSign(
                    context, buffer.baseAddress, &length, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    bytes.count) == 1
            count = succeeded ? length : 0
        }
        guard succeeded else {
            ERR_clear_error()
            throw DKIMError(.cryptography, "a signature could not be made")
        }
        return signature
    }
}

extension DKIMKey: CustomStringConvertible {
    /// Kind and size only.
    package var description: String { "\(algorithm.keyType) key of \(bitCount) bits" }
}
