/// A signing algorithm of DKIM: the `a=` tag (RFC 6376 §3.3, RFC 8463 §3).
///
/// rsa-sha1 is not among them: RFC 8301 §3.1 forbids to sign with it and to accept it.
package enum DKIMAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 over SHA-256: what every receiver verifies.
    case rsaSHA256 = "rsa-sha256"
    /// Ed25519 over the SHA-256 of the signed data: an addition for those who verify it, never alone.
    case ed25519SHA256 = "ed25519-sha256"

    /// The `k=` tag of the key record that belongs to this algorithm.
    package var keyType: String {
        switch self {
        case .rsaSHA256: "rsa"
        case .ed25519SHA256: "ed25519"
        }
    }
}
