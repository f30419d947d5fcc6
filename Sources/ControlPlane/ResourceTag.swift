/// A label that a user puts on a resource; it means nothing to the service.
package struct ResourceTag: Hashable, Sendable, Codable {
    /// The most on one resource.
    package static let maximumPerResource = 50

    /// 1 to 128 characters, one of each on a resource.
    package var key: String
    /// At most 256 characters.
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
