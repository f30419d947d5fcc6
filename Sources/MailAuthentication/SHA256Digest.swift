internal import COpenSSL

/// SHA-256 of bytes as they arrive.
///
/// Owns one digest context; libcrypto's algorithm object is fetched once for the life of the process, because
/// fetching takes a lock and a search through the providers.
struct SHA256Digest: ~Copyable, ByteSink {
    /// Length of the result in bytes.
    static let byteCount = 32

    /// Fetched once and never freed. An EVP_MD is immutable and shared between threads by design.
    nonisolated(unsafe) static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)

    private let context: OpaquePointer
    private var failed = false

    /// - Throws: `DKIMError` with `.cryptography` when libcrypto has no memory or no SHA-256.
    init() throws(DKIMError) {
        guard let algorithm = Self.algorithm, let context = EVP_MD_CTX_new() else {
            throw DKIMError(.cryptography, "SHA-256 is not available")
        }
        guard EVP_DigestInit_ex2(context, algorithm, nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw DKIMError(.cryptography, "SHA-256 could not be started")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        if EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) != 1 { failed = true }
    }

    /// The 32 bytes of the digest.
    consuming func finalize() throws(DKIMError) -> [UInt8] {
        var length: UInt32 = 0
        var succeeded = !failed
        let digest = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            succeeded = succeeded && EVP_DigestFinal_ex(context, buffer.baseAddress, &length) == 1
            count = Int(length)
        }
        guard succeeded else { throw DKIMError(.cryptography, "SHA-256 could not be computed") }
        return digest
    }
}
