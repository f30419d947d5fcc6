internal import ApusCore
internal import Backends

/// What a document of the store means for the copy in memory; nil values are deletions.
enum ControlPlaneEdit: Sendable {
    case account(AccountID, Account?)
    case accessKey(String, AccessKey?)
    case identity(AccountID, String, EmailIdentity?)
    case configurationSet(AccountID, String, ConfigurationSet?)
    /// nil for the installation's.
    case pool(AccountID?, String, SendingPool?)
    case queue(String, exists: Bool)
    /// A document that is not copied.
    case nothing

    /// The collections that are copied.
    static let collections = [
        StoredAccount.collection, StoredAccessKey.collection, StoredIdentity.collection, StoredConfigurationSet.collection,
        StoredPool.collection, StoredQueue.collection,
    ]

    /// Reads a document.
    ///
    /// - Throws: ``ControlPlaneError`` or ``SealError``.
    init(_ key: StateKey, _ entry: StateEntry?, sealer: SecretSealer) throws {
        switch key.collection {
        case StoredAccount.collection:
            guard let id = AccountID(key.name) else { throw Self.unreadable(key) }
            self = .account(id, try entry.map { try StoredAccount.decoded($0).value(id: id) })
        case StoredAccessKey.collection:
            self = .accessKey(key.name, try entry.map { try StoredAccessKey.decoded($0).value(id: key.name, sealer: sealer) })
        case StoredIdentity.collection:
            guard let account = AccountID(key.scope) else { throw Self.unreadable(key) }
            self = .identity(account, key.name, try entry.map { try StoredIdentity.decoded($0).value(account: account, name: key.name) })
        case StoredConfigurationSet.collection:
            guard let account = AccountID(key.scope) else { throw Self.unreadable(key) }
            self = .configurationSet(
                account, key.name, try entry.map { try StoredConfigurationSet.decoded($0).value(account: account, name: key.name) }
            )
        case StoredPool.collection:
            let owner = AccountID(key.scope)
            guard owner != nil || key.scope.isEmpty else { throw Self.unreadable(key) }
            self = .pool(owner, key.name, try entry.map { try StoredPool.decoded($0).value(owner: owner, name: key.name) })
        case StoredQueue.collection:
            self = .queue(key.name, exists: entry != nil)
        default:
            self = .nothing
        }
    }

    private static func unreadable(_ key: StateKey) -> ControlPlaneError {
        ControlPlaneError(.unreadable, "a document of collection \(key.collection) belongs to no account")
    }
}
