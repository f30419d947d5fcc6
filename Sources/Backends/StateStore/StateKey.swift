/// The name of a document in a ``StateStore``.
package struct StateKey: Hashable, Sendable {
    /// The kind of document, such as `identity`.
    package var collection: String
    /// Its owner: an account id, or `""` for the installation itself.
    package var scope: String
    /// Its name within the owner; at most 512 bytes.
    package var name: String

    package init(collection: String, scope: String, name: String) {
        self.collection = collection
        self.scope = scope
        self.name = name
    }
}
