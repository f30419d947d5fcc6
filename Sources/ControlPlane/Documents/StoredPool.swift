internal import ApusCore
internal import ApusSchema
internal import Backends

/// ``SendingPool`` in the store, under its account (or none) and name.
struct StoredPool: StoredDocument {
    static let collection = "pool"

    var createdAt: Int64
    var scalingMode: SendingPool.ScalingMode
    var addresses: [SendingPool.Address]
    var draining: Bool
    var reroutedTo: String?
    var tags: [ResourceTag]
    /// nil for the default one.
    var queue: String?

    init(_ pool: SendingPool) {
        self.createdAt = pool.createdAt.rawValue
        self.scalingMode = pool.scalingMode
        self.addresses = pool.addresses
        self.draining = pool.isDraining
        self.reroutedTo = pool.reroutedTo
        self.tags = pool.tags
        self.queue = pool.queue == Topics.defaultQueue ? nil : pool.queue
    }

    func value(owner: AccountID?, name: String) -> SendingPool {
        SendingPool(
            owner: owner, name: name, createdAt: UnixMilliseconds(self.createdAt), queue: self.queue ?? Topics.defaultQueue,
            scalingMode: self.scalingMode, addresses: self.addresses, isDraining: self.draining, reroutedTo: self.reroutedTo, tags: self.tags
        )
    }

    static func key(_ name: String, owner: AccountID?) -> StateKey {
        StateKey(collection: Self.collection, scope: owner?.rawValue ?? "", name: name)
    }
}
