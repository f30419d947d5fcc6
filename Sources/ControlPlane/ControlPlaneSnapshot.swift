internal import ApusCore
internal import Backends

/// The control plane's copy of the store, at one position of the change feed.
struct ControlPlaneSnapshot: Sendable {
    /// A domain identity, as a key.
    struct Domain: Hashable, Sendable {
        var account: AccountID
        var name: String
    }

    var position: Int64 = 0
    /// Counts the times that the copy was replaced as a whole.
    var generation = 0
    private(set) var accounts: [AccountID: Account] = [:]
    private(set) var accountsByName: [String: AccountID] = [:]
    private(set) var accessKeys: [String: AccessKey] = [:]
    private(set) var identities: [AccountID: [String: EmailIdentity]] = [:]
    private(set) var configurationSets: [AccountID: [String: ConfigurationSet]] = [:]
    /// By owner; nil is the installation.
    private(set) var pools: [AccountID?: [String: SendingPool]] = [:]
    /// Those that pools have beside the default one, or had.
    private(set) var queues: Set<String> = []
    /// Signing keys that were opened, until their identity changes.
    private(set) var signingKeys: [Domain: [SigningKey]] = [:]

    mutating func apply(_ edit: ControlPlaneEdit) {
        switch edit {
        case .account(let id, let account):
            if let old = self.accounts[id] { self.accountsByName[old.name] = nil }
            self.accounts[id] = account
            if let account { self.accountsByName[account.name] = id }
        case .accessKey(let id, let key):
            self.accessKeys[id] = key
        case .identity(let account, let name, let identity):
            self.identities[account, default: [:]][name] = identity
            self.signingKeys[Domain(account: account, name: name)] = nil
        case .configurationSet(let account, let name, let set):
            self.configurationSets[account, default: [:]][name] = set
        case .pool(let owner, let name, let pool):
            self.pools[owner, default: [:]][name] = pool
        case .queue(let name, let exists):
            if exists { self.queues.insert(name) } else { self.queues.remove(name) }
        case .nothing:
            break
        }
    }

    /// Keeps opened keys, unless their identity changed since `identity` was looked up.
    mutating func keep(_ keys: [SigningKey], of identity: EmailIdentity) {
        guard self.identities[identity.account]?[identity.name]?.dkim?.tokens == identity.dkim?.tokens else { return }
        // A bound for installations with very many domains; opening a key again costs some hundred microseconds.
        if self.signingKeys.count >= 10_000 { self.signingKeys.removeAll(keepingCapacity: true) }
        self.signingKeys[Domain(account: identity.account, name: identity.name)] = keys
    }
}
