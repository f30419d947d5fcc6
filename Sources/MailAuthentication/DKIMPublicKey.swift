internal import COpenSSL

/// A public key from a key record, which checks signatures.
///
/// Owns one `EVP_PKEY`; Sendable for the reason given at `DKIMKey`.
final class DKIMPublicKey: Sendable {
    /// Length of the modulus in bits; 256 for Ed25519.
    let bitCount: Int
    private let algorithm: DKIMAlgorithm
    private nonisolated(unsafe) let pointer: OpaquePointer

    /// Reads the decoded `p=` tag, or gives nil when it is no such key.
    ///
    /// RSA keys are SubjectPublicKeyInfo as everybody publishes them, or the bare RSAPublicKey that the text of
    /// RFC 6376 §3.6.1 names.
    init?(_ algorithm: DKIMAlgorithm, bytes: [UInt8]) {
        let pointer: OpaquePointer?
        switch algorithm {
        case .rsaSHA256:
            pointer = bytes.withUnsafeBufferPointer { buffer in
                var cursor = buffer.baseAddress
                if let key = d2i_PUBKEY(nil, &cursor, buffer.count) { return key }
                cursor = buffer.baseAddress
                return d2i_PublicKey(EVP_PKEY_RSA, nil, &cursor, buffer.count)
            }
        case .ed25519SHA256:
            pointer = bytes.count == 32 ? EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, 32) : nil
        }
        ERR_clear_error()
        guard let pointer else { return nil }
        let isRSA = EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA
        guard isRSA == (algorithm == .rsaSHA256) else {
            EVP_PKEY_free(pointer)
            return nil
        }
        self.algorithm = algorithm
        self.pointer = pointer
        bitCount = Int(EVP_PKEY_get_bits(pointer))
    }

    deinit { EVP_PKEY_free(pointer) }

    /// Whether `signature` is this key's signature of `data`.
    func isValid(signature: [UInt8], of data: Span<UInt8>) throws(DKIMError) -> Bool {
        if algorithm == .rsaSHA256 {
            return try data.withUnsafeBytes { (bytes) throws(DKIMError) in
                try verify(signature, bytes, SHA256Digest.algorithm)
            }
        }
        var digest = try SHA256Digest()
        data.withUnsafeBytes { digest.write($0) }
        let hash = try digest.finalize()
        return try hash.span.withUnsafeBytes { (bytes) throws(DKIMError) in try verify(signature, bytes, nil) }
    }

    private func verify(
        _ signature: [UInt8], _ bytes: UnsafeRawBufferPointer, _ digest: OpaquePointer?
    ) throws(DKIMError) -> Bool {
        guard let context = EVP_MD_CTX_new() else { throw DKIMError(.cryptography, "no memory for a verification") }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        guard EVP_DigestVerifyInit(context, nil, digest, nil, pointer) == 1 else {
            throw DKIMError(.cryptography, "a verification could not be started")
        }
        return EVP_DigestVerify(
            context, signature, signature.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            == 1
    }
}
