internal import ApusCore
internal import Backends
internal import FoundationEssentials
internal import MailAuthentication

/// The private half of a DKIM key in the store, sealed, under its account, domain and selector.
///
/// Apart from the identity's document, so that the frequent writes of a verification neither rewrite keys nor carry them in the
/// change feed.
struct StoredSigningKey: StoredDocument {
    static let collection = "dkim-key"

    /// The PKCS#8 form, sealed.
    var sealedKey: Data
    var createdAt: Int64

    init(_ key: DKIMKey, createdAt: UnixMilliseconds, at stateKey: StateKey, sealer: SecretSealer) throws {
        self.sealedKey = Data(try sealer.seal(try key.pkcs8DER(), for: stateKey))
        self.createdAt = createdAt.rawValue
    }

    func value(at stateKey: StateKey, sealer: SecretSealer) throws -> DKIMKey {
        try DKIMKey(der: try sealer.open(Array(self.sealedKey), for: stateKey))
    }

    static func key(selector: String, domain: String, account: AccountID) -> StateKey {
        StateKey(collection: Self.collection, scope: account.rawValue, name: "\(domain)/\(selector)")
    }
}
