internal import ApusCore
internal import Backends

/// ``ConfigurationSet`` in the store, under its account and name.
struct StoredConfigurationSet: StoredDocument {
    static let collection = "configuration-set"

    var createdAt: Int64
    var sendingEnabled: Bool
    var reputationMetricsEnabled: Bool
    var tlsPolicy: ConfigurationSet.TLSPolicy
    var maxDeliverySeconds: Int?
    var sendingPool: String?
    var suppressedReasons: [ConfigurationSet.SuppressedReason]?
    var tracking: ConfigurationSet.TrackingOptions?
    var tags: [ResourceTag]

    init(_ set: ConfigurationSet) {
        self.createdAt = set.createdAt.rawValue
        self.sendingEnabled = set.sendingEnabled
        self.reputationMetricsEnabled = set.reputationMetricsEnabled
        self.tlsPolicy = set.tlsPolicy
        self.maxDeliverySeconds = set.maxDeliverySeconds
        self.sendingPool = set.sendingPool
        self.suppressedReasons = set.suppressedReasons
        self.tracking = set.tracking
        self.tags = set.tags
    }

    func value(account: AccountID, name: String) -> ConfigurationSet {
        ConfigurationSet(
            account: account, name: name, createdAt: UnixMilliseconds(self.createdAt), sendingEnabled: self.sendingEnabled,
            reputationMetricsEnabled: self.reputationMetricsEnabled, tlsPolicy: self.tlsPolicy,
            maxDeliverySeconds: self.maxDeliverySeconds, sendingPool: self.sendingPool, suppressedReasons: self.suppressedReasons,
            tracking: self.tracking, tags: self.tags
        )
    }

    static func key(_ name: String, account: AccountID) -> StateKey {
        StateKey(collection: Self.collection, scope: account.rawValue, name: name)
    }
}
