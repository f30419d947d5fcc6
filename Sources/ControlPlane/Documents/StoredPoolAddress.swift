internal import Backends

/// What keeps an address in one pool: a document under the address.
struct StoredPoolAddress: StoredDocument {
    static let collection = "pool-address"

    /// The pool's account; empty for the installation.
    var owner: String
    var pool: String

    static func key(_ address: String) -> StateKey {
        StateKey(collection: Self.collection, scope: "", name: address)
    }
}
