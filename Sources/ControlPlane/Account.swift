package import ApusCore

/// A customer of this installation: owns keys, identities and configuration sets, and has quotas.
package struct Account: Hashable, Sendable {
    package let id: AccountID
    /// The operator's name for it, unique: 1 to 64 letters, digits, `.`, `_`, `-`.
    package let name: String
    package let createdAt: UnixMilliseconds
    /// Whether it may send at all.
    package var sendingEnabled: Bool
    /// The most recipients in any 24 hours; nil for no limit, which the API shows as -1.
    package var maximum24HourSend: Int?
    /// Recipients per second at the entrance; greater than 0.
    package var maximumSendRate: Double

    package init(
        id: AccountID, name: String, createdAt: UnixMilliseconds, sendingEnabled: Bool = true, maximum24HourSend: Int? = nil,
        maximumSendRate: Double = 1000
    ) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.sendingEnabled = sendingEnabled
        self.maximum24HourSend = maximum24HourSend
        self.maximumSendRate = maximumSendRate
    }
}
