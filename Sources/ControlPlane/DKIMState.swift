package import ApusCore

/// The DKIM keys of a domain identity, as anybody may see them.
package struct DKIMState: Hashable, Sendable {
    /// The public half of one key.
    package struct PublicKey: Hashable, Sendable {
        /// The `k=` tag: `rsa` or `ed25519`.
        package let type: String
        /// The TXT record that publishes it: `v=DKIM1; k=…; p=…`.
        package let record: String

        package init(type: String, record: String) {
            self.type = type
            self.record = record
        }
    }

    /// Three selectors, each 32 lower-case letters and digits. The first signs; the second is the Ed25519 key's where there is one;
    /// the others stand ready for a change of keys.
    package let tokens: [String]
    /// The keys behind ``tokens``, in their order.
    package let publicKeys: [PublicKey]
    /// Bits of the RSA keys.
    package let keyLength: Int
    package let keysGeneratedAt: UnixMilliseconds
    /// Whether mail is signed with these keys once they are verified.
    package var signingEnabled: Bool
    package var status: VerificationStatus

    package init(
        tokens: [String], publicKeys: [PublicKey], keyLength: Int = 2048, keysGeneratedAt: UnixMilliseconds, signingEnabled: Bool = true,
        status: VerificationStatus = .pending
    ) {
        self.tokens = tokens
        self.publicKeys = publicKeys
        self.keyLength = keyLength
        self.keysGeneratedAt = keysGeneratedAt
        self.signingEnabled = signingEnabled
        self.status = status
    }

    /// Whether an Ed25519 key is among them.
    package var ed25519: Bool { self.publicKeys.contains { $0.type == "ed25519" } }
}
