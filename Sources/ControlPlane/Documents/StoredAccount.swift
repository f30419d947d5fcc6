internal import ApusCore
internal import Backends

/// ``Account`` in the store, under its id.
struct StoredAccount: StoredDocument {
    static let collection = "account"

    var name: String
    var createdAt: Int64
    var sendingEnabled: Bool
    var maximum24HourSend: Int?
    var maximumSendRate: Double

    init(_ account: Account) {
        self.name = account.name
        self.createdAt = account.createdAt.rawValue
        self.sendingEnabled = account.sendingEnabled
        self.maximum24HourSend = account.maximum24HourSend
        self.maximumSendRate = account.maximumSendRate
    }

    func value(id: AccountID) -> Account {
        Account(
            id: id, name: self.name, createdAt: UnixMilliseconds(self.createdAt), sendingEnabled: self.sendingEnabled,
            maximum24HourSend: self.maximum24HourSend, maximumSendRate: self.maximumSendRate
        )
    }

    static func key(_ id: AccountID) -> StateKey {
        StateKey(collection: Self.collection, scope: "", name: id.rawValue)
    }
}

/// What makes an account's name unique: a document under the name.
struct StoredAccountName: StoredDocument {
    static let collection = "account-name"

    var account: String

    static func key(_ name: String) -> StateKey {
        StateKey(collection: Self.collection, scope: "", name: name)
    }
}
