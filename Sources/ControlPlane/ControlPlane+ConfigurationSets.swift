package import ApusCore
internal import Backends
internal import Synchronization

extension ControlPlane {
    /// A configuration set, from the copy.
    package func configurationSet(_ name: String, account: AccountID) -> ConfigurationSet? {
        self.snapshot.withLock { $0.configurationSets[account]?[name] }
    }

    /// A page of an account's configuration sets in byte order of their names.
    ///
    /// - Parameters:
    ///   - after: the last name of the page before; nil for the first page.
    ///   - limit: 1…1000.
    /// - Throws: ``ControlPlaneError``.
    package func listConfigurationSets(account: AccountID, after: String?, limit: Int) async throws -> [ConfigurationSet] {
        try await self.page(StoredConfigurationSet.collection, account: account, after: after, limit: limit).map { entry in
            try StoredConfigurationSet.decoded(entry).value(account: account, name: entry.key.name)
        }
    }

    /// Creates a configuration set as given.
    ///
    /// - Throws: ``ControlPlaneError``: `invalid`, `alreadyExists`, `limitExceeded`, `unavailable`.
    package func createConfigurationSet(_ set: ConfigurationSet) async throws {
        try Self.check(set)
        let count = self.snapshot.withLock { $0.configurationSets[set.account]?.count ?? 0 }
        guard count < self.configuration.maximumConfigurationSets else {
            throw ControlPlaneError(.limitExceeded, "Maximum number of configuration sets reached: \(self.configuration.maximumConfigurationSets).")
        }
        do {
            let key = StoredConfigurationSet.key(set.name, account: set.account)
            try await self.write([.create(key, value: try StoredConfigurationSet(set).encoded())])
        } catch let error as StateError {
            throw ControlPlaneError(.alreadyExists, "Configuration set <\(set.name)> already exists.", cause: error)
        }
    }

    /// Changes a configuration set.
    ///
    /// - Parameter change: may run more than once.
    /// - Throws: ``ControlPlaneError``, and what `change` throws.
    package func updateConfigurationSet(
        _ name: String, account: AccountID, _ change: (inout ConfigurationSet) throws -> Void
    ) async throws {
        try await self.update(StoredConfigurationSet.key(name, account: account), missing: Self.missingConfigurationSet(name)) { entry in
            var set = try StoredConfigurationSet.decoded(entry).value(account: account, name: name)
            try change(&set)
            try Self.check(set)
            return try StoredConfigurationSet(set).encoded()
        }
    }

    /// Deletes a configuration set. Identities that name it as their default keep doing so, as in SES.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func deleteConfigurationSet(_ name: String, account: AccountID) async throws {
        guard (1...64).contains(name.utf8.count) else { throw Self.missingConfigurationSet(name) }
        do {
            try await self.write([.delete(StoredConfigurationSet.key(name, account: account), expecting: nil)])
        } catch is StateError {
            throw Self.missingConfigurationSet(name)
        }
    }

    static func missingConfigurationSet(_ name: String) -> ControlPlaneError {
        ControlPlaneError(.notFound, "Configuration set <\(name)> does not exist.")
    }

    /// A page of one collection of an account.
    func page(_ collection: String, account: AccountID, after: String?, limit: Int) async throws -> [StateEntry] {
        let start = after.map { StateKey(collection: collection, scope: account.rawValue, name: $0) }
        do {
            return try await self.store.list(collection: collection, scope: account.rawValue, after: start, limit: min(max(limit, 1), 1000))
        } catch let error as StateError {
            throw ControlPlaneError(.unavailable, "the state store cannot be read", cause: error)
        }
    }

    private static func check(_ set: ConfigurationSet) throws(ControlPlaneError) {
        try ResourceName.check(set.name, what: "Configuration set")
        try ResourceName.check(set.tags)
        if let seconds = set.maxDeliverySeconds, !(300...50_400).contains(seconds) {
            let bound = seconds < 300 ? "greater than or equal to 300" : "less than or equal to 50400"
            throw ControlPlaneError(
                .invalid,
                "1 validation error detected: Value at 'deliveryOptions.maxDeliverySeconds' failed to satisfy constraint: "
                    + "Member must have value \(bound)"
            )
        }
        if let pool = set.sendingPool {
            guard !pool.isEmpty else { throw ControlPlaneError(.invalid, "sendingPoolName can't be blank.") }
            try ResourceName.check(pool, what: "Sending pool")
        }
        if let tracking = set.tracking {
            guard !tracking.customRedirectDomain.isEmpty else {
                throw ControlPlaneError(.invalid, "CustomRedirectDomain must be specified.")
            }
            _ = try ResourceName.domain(tracking.customRedirectDomain)
        }
    }
}
