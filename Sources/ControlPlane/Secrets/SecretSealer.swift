package import Backends
internal import Crypto

/// Encrypts secrets for the state store: AES-256-GCM under a master key.
///
/// A sealed secret is
/// ```
/// version (1) ‖ master key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
/// ```
/// with the document's key as associated data, so that a sealed secret that is moved to another document does not open there.
package struct SecretSealer: Sendable {
    private static let version: UInt8 = 1
    private static let overhead = 1 + 8 + 12 + 16

    private let ring: MasterKeyRing

    package init(ring: MasterKeyRing) {
        self.ring = ring
    }

    /// Encrypts a secret for the document under `key`, with the ring's first master key and a random nonce.
    ///
    /// - Throws: ``SealError``.
    package func seal(_ secret: [UInt8], for key: StateKey) throws(SealError) -> [UInt8] {
        let master = self.ring.keys[0]
        let prefix = [Self.version] + master.id
        do {
            let box = try AES.GCM.seal(secret, using: master.key, authenticating: prefix + Self.context(key))
            return prefix + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw SealError(.malformed, "the secret cannot be encrypted")
        }
    }

    /// Decrypts what ``seal(_:for:)`` returned for the same document.
    ///
    /// - Throws: ``SealError``.
    package func open(_ sealed: [UInt8], for key: StateKey) throws(SealError) -> [UInt8] {
        guard sealed.count >= Self.overhead, sealed[0] == Self.version else {
            throw SealError(.malformed, "the sealed secret is damaged, or of a newer version of this program")
        }
        let id = Array(sealed[1..<9])
        guard let master = self.ring.keys.first(where: { $0.id == id }) else {
            throw SealError(.unknownKey, "the secret is sealed with master key \(Self.hex(id)), which is not among the keys given: add it")
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed[9...])
            return Array(try AES.GCM.open(box, using: master.key, authenticating: sealed[..<9] + Self.context(key)))
        } catch {
            throw SealError(.notAuthentic, "the sealed secret was changed, or belongs to another document")
        }
    }

    /// The document's key with lengths, so that no two keys give the same bytes.
    private static func context(_ key: StateKey) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in [key.collection, key.scope, key.name] {
            let utf8 = Array(part.utf8)
            bytes += [UInt8(truncatingIfNeeded: utf8.count >> 8), UInt8(truncatingIfNeeded: utf8.count)] + utf8
        }
        return bytes
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
