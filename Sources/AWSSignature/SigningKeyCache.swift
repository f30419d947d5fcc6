internal import Crypto
internal import Synchronization

/// Keeps derived keys for the day they are good for. Bounded; safe to share between event loops.
package final class SigningKeyCache: Sendable {
    private struct Entry {
        let key: SigningKey
        /// Of the secret, so that a key id that comes back with another secret is not served the old key.
        let secretHash: SHA256Digest
    }

    private let capacity: Int
    private let entries = Mutex<[CredentialScope: Entry]>([:])

    /// - Parameter capacity: keys held at most; when full, those of other days go first, then all.
    package init(capacity: Int = 4096) {
        self.capacity = max(1, capacity)
    }

    /// The key for a scope, derived when it is not there.
    package func key(for scope: CredentialScope, secret: String) -> SigningKey {
        let secretHash = SHA256.hash(data: Array(secret.utf8))
        if let entry = entries.withLock({ $0[scope] }), entry.secretHash == secretHash { return entry.key }
        let key = SigningKey(secret: secret, day: scope.day, region: scope.region, service: scope.service)
        entries.withLock { entries in
            if entries.count >= capacity {
                entries = entries.filter { $0.key.day == scope.day }
                if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
            }
            entries[scope] = Entry(key: key, secretHash: secretHash)
        }
        return key
    }

    /// Forgets the keys of an access key that was removed.
    package func removeKeys(of accessKeyID: String) {
        entries.withLock { entries in entries = entries.filter { $0.key.accessKeyID != accessKeyID } }
    }

    package var count: Int { entries.withLock { $0.count } }
}
