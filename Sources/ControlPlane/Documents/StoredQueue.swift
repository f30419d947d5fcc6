internal import Backends

/// A queue that pools have, or had: a document under its name, of the installation.
struct StoredQueue: StoredDocument {
    static let collection = "queue"

    var createdAt: Int64

    static func key(_ name: String) -> StateKey {
        StateKey(collection: Self.collection, scope: "", name: name)
    }
}
