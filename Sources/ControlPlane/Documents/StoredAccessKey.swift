internal import ApusCore
internal import Backends
internal import FoundationEssentials

/// ``AccessKey`` in the store, under its id, with the secret sealed.
struct StoredAccessKey: StoredDocument {
    static let collection = "access-key"

    var account: String
    var sealedSecret: Data
    var createdAt: Int64
    var isActive: Bool

    init(_ key: AccessKey, sealer: SecretSealer) throws(SealError) {
        self.account = key.account.rawValue
        self.sealedSecret = Data(try sealer.seal(Array(key.secret.utf8), for: Self.key(key.id)))
        self.createdAt = key.createdAt.rawValue
        self.isActive = key.isActive
    }

    func value(id: String, sealer: SecretSealer) throws -> AccessKey {
        guard let account = AccountID(self.account) else {
            throw ControlPlaneError(.unreadable, "the access key \(id) belongs to no account")
        }
        let secret = try sealer.open(Array(self.sealedSecret), for: Self.key(id))
        return AccessKey(
            id: id, account: account, secret: String(decoding: secret, as: UTF8.self), createdAt: UnixMilliseconds(self.createdAt),
            isActive: self.isActive
        )
    }

    static func key(_ id: String) -> StateKey {
        StateKey(collection: Self.collection, scope: "", name: id)
    }
}
