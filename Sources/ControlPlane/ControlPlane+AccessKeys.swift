package import ApusCore
internal import Backends
internal import Synchronization

extension ControlPlane {
    /// An access key, active or not, from the copy.
    package func accessKey(id: String) -> AccessKey? {
        self.snapshot.withLock { $0.accessKeys[id] }
    }

    /// An account's access keys in order of creation, from the copy.
    package func accessKeys(account: AccountID) -> [AccessKey] {
        self.snapshot.withLock { $0.accessKeys.values.filter { $0.account == account } }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// Creates an access key. Its secret is shown by this call; the store keeps it sealed.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func createAccessKey(account: AccountID) async throws -> AccessKey {
        guard self.account(account) != nil else { throw ControlPlaneError(.notFound, "the account \(account) does not exist") }
        guard self.accessKeys(account: account).count < self.configuration.maximumAccessKeys else {
            throw ControlPlaneError(.limitExceeded, "an account can have \(self.configuration.maximumAccessKeys) access keys: delete one")
        }
        var generator = SystemRandomNumberGenerator()
        let key = AccessKey.generate(account: account, now: self.now(), using: &generator)
        let value = try StoredAccessKey(key, sealer: self.sealer).encoded()
        do {
            try await self.write([.create(StoredAccessKey.key(key.id), value: value)])
        } catch let error as StateError {
            throw ControlPlaneError(.conflict, "the new key's id is taken: try again", cause: error)
        }
        return key
    }

    /// Switches an access key on or off.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func setAccessKey(id: String, isActive: Bool) async throws {
        let missing = ControlPlaneError(.notFound, "the access key does not exist")
        try await self.update(StoredAccessKey.key(id), missing: missing) { entry in
            var stored = try StoredAccessKey.decoded(entry)
            guard stored.isActive != isActive else { return nil }
            stored.isActive = isActive
            return try stored.encoded()
        }
    }

    /// Deletes an access key.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func deleteAccessKey(id: String) async throws {
        do {
            try await self.write([.delete(StoredAccessKey.key(id), expecting: nil)])
        } catch let error as StateError {
            throw ControlPlaneError(.notFound, "the access key does not exist", cause: error)
        }
    }
}
