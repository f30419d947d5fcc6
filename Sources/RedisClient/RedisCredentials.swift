/// A password and, since Redis 6, the user that it belongs to.
package struct RedisCredentials: Hashable, Sendable {
    /// nil is the user `default`.
    package var user: String?
    package var password: String

    package init(user: String? = nil, password: String) {
        self.user = user
        self.password = password
    }
}

extension RedisCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "credentials of \(self.user ?? "default")" }
    package var debugDescription: String { self.description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
