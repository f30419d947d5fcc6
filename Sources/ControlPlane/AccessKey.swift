package import ApusCore

/// A key that signs requests (SigV4) and from which the SMTP password is derived.
///
/// Its description shows the id only.
package struct AccessKey: Sendable {
    /// `AKIA` and 16 letters A–Z and digits 2–7.
    package let id: String
    /// Whom it acts for.
    package let account: AccountID
    /// The secret: 40 characters of the Base64 alphabet.
    package let secret: String
    package let createdAt: UnixMilliseconds
    /// Whether requests signed with it are accepted.
    package var isActive: Bool

    package init(id: String, account: AccountID, secret: String, createdAt: UnixMilliseconds, isActive: Bool = true) {
        self.id = id
        self.account = account
        self.secret = secret
        self.createdAt = createdAt
        self.isActive = isActive
    }
}

extension AccessKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "access key \(self.id)" }
    package var debugDescription: String { self.description }
    package var customMirror: Mirror { Mirror(self, children: ["id": self.id]) }
}
