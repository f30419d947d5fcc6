/// What `apus keys create` gives.
package struct AccessKeyPair: Hashable, Sendable {
    package let id: String
    package let secret: String

    package init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }
}
