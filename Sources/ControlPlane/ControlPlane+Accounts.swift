package import ApusCore
internal import Backends
internal import Synchronization

extension ControlPlane {
    /// An account, from the copy.
    package func account(_ id: AccountID) -> Account? {
        self.snapshot.withLock { $0.accounts[id] }
    }

    /// The account of a name, from the copy.
    package func account(named name: String) -> Account? {
        self.snapshot.withLock { snapshot in snapshot.accountsByName[name].flatMap { snapshot.accounts[$0] } }
    }

    /// All accounts in the order of their names, from the copy.
    package func accounts() -> [Account] {
        self.snapshot.withLock { Array($0.accounts.values) }.sorted { $0.name < $1.name }
    }

    /// Creates an account under a new random id.
    ///
    /// - Throws: ``ControlPlaneError``: `invalid` name, `alreadyExists`, `unavailable`.
    @discardableResult
    package func createAccount(name: String) async throws -> Account {
        try ResourceName.checkAccount(name)
        var generator = SystemRandomNumberGenerator()
        // Ids of twelve random digits rarely meet; a few tries are more than enough.
        for _ in 0..<16 {
            guard let id = AccountID(String(Int64.random(in: 100_000_000_000...999_999_999_999, using: &generator))) else { continue }
            let account = Account(
                id: id, name: name, createdAt: self.now(), maximum24HourSend: self.configuration.maximum24HourSend,
                maximumSendRate: self.configuration.maximumSendRate)
            do {
                try await self.write([
                    .create(StoredAccountName.key(name), value: try StoredAccountName(account: id.rawValue).encoded()),
                    .create(StoredAccount.key(id), value: try StoredAccount(account).encoded()),
                ])
                return account
            } catch let error as StateError {
                guard error.mutationIndex == 1 else {
                    throw ControlPlaneError(.alreadyExists, "the account \(name) already exists", cause: error)
                }
            }
        }
        throw ControlPlaneError(.conflict, "no free account id was found")
    }

    /// The account of a name, created when there is none.
    ///
    /// - Throws: ``ControlPlaneError``.
    package func ensureAccount(named name: String) async throws -> Account {
        if let account = self.account(named: name) { return account }
        do {
            return try await self.createAccount(name: name)
        } catch let error as ControlPlaneError where error.code == .alreadyExists {
            // Another process was quicker.
            try await self.catchUp()
            guard let account = self.account(named: name) else { throw error }
            return account
        }
    }

    /// Changes an account.
    ///
    /// - Parameter change: may run more than once.
    /// - Throws: ``ControlPlaneError``, and what `change` throws.
    @discardableResult
    package func updateAccount(_ id: AccountID, _ change: (inout Account) throws -> Void) async throws -> Account {
        var result: Account?
        let missing = ControlPlaneError(.notFound, "the account \(id) does not exist")
        try await self.update(StoredAccount.key(id), missing: missing) { entry in
            var account = try StoredAccount.decoded(entry).value(id: id)
            try change(&account)
            guard account.maximumSendRate > 0, account.maximumSendRate.isFinite, account.maximum24HourSend ?? 0 >= 0 else {
                throw ControlPlaneError(.invalid, "an account's quotas must not be negative, and its rate above 0")
            }
            result = account
            return try StoredAccount(account).encoded()
        }
        guard let result else { throw missing }
        return result
    }
}
