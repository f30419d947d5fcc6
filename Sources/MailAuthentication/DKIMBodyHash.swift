/// The body hash of a signature, the `bh=` tag, computed as the body arrives (RFC 6376 §3.7).
///
/// ```swift
/// var hash = try DKIMBodyHash(.relaxed)
/// hash.update(firstPart.span)
/// hash.update(secondPart.span)
/// let digest = try hash.finalize()
/// ```
package struct DKIMBodyHash: ~Copyable {
    private var canonicalizer: BodyCanonicalizer
    private var sink: LimitedDigest

    /// - Parameters:
    ///   - canonicalization: the form that is hashed.
    ///   - limit: how many bytes of the canonical body are hashed, the `l=` tag; nil is all of it.
    /// - Throws: `DKIMError` with `.cryptography`.
    package init(_ canonicalization: DKIMCanonicalization, limit: Int? = nil) throws(DKIMError) {
        canonicalizer = BodyCanonicalizer(canonicalization)
        sink = LimitedDigest(digest: try SHA256Digest(), limit: limit)
    }

    /// Takes the next bytes of the body, in any pieces.
    package mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { canonicalizer.update($0, into: &sink) }
    }

    /// The SHA-256 of the canonical body: 32 bytes.
    package consuming func finalize() throws(DKIMError) -> [UInt8] {
        try finalizeCounting().digest
    }

    /// The digest, and how long the canonical body was, hashed or not.
    consuming func finalizeCounting() throws(DKIMError) -> (digest: [UInt8], canonicalByteCount: Int) {
        canonicalizer.finish(into: &sink)
        let count = sink.byteCount
        return (try sink.digest.finalize(), count)
    }

    /// A digest of the first bytes only, which counts all of them.
    private struct LimitedDigest: ~Copyable, ByteSink {
        var digest: SHA256Digest
        let limit: Int?
        var byteCount = 0

        init(digest: consuming SHA256Digest, limit: Int?) {
            self.digest = digest
            self.limit = limit
        }

        mutating func write(_ bytes: UnsafeRawBufferPointer) {
            defer { byteCount += bytes.count }
            guard let limit else { return digest.write(bytes) }
            let room = min(max(limit - byteCount, 0), bytes.count)
            if room > 0 { digest.write(UnsafeRawBufferPointer(rebasing: bytes[..<room])) }
        }
    }
}
