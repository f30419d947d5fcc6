package import ApusCore
internal import ApusSchema

/// A named set of addresses that mail leaves from: an account's own, or the installation's, which every account may use.
package struct SendingPool: Hashable, Sendable {
    /// Whether somebody gives it its addresses, or it is to get them by itself.
    package enum ScalingMode: String, Hashable, Sendable, Codable {
        case standard = "STANDARD"
        case managed = "MANAGED"
    }

    /// One address of a pool. An address is in one pool.
    package struct Address: Hashable, Sendable, Codable {
        /// An IPv4 or IPv6 address without port or brackets.
        package var address: String
        /// Its share beside the others, 1…100; 0 for none now.
        package var weight: Int

        package init(address: String, weight: Int = 1) {
            self.address = address
            self.weight = weight
        }
    }

    /// The most addresses of a pool.
    package static let maximumAddresses = 1000

    /// Whose it is; nil for the installation's.
    package let owner: AccountID?
    /// 1 to 64 letters, digits, `_`, `-`.
    package let name: String
    package let createdAt: UnixMilliseconds
    /// The queue that its mail waits in: pools with queues of their own cannot delay each other.
    package let queue: String
    package var scalingMode: ScalingMode
    /// None for a pool whose mail leaves from the host's own address.
    package var addresses: [Address]
    /// Whether no new mail is taken for it; what it has goes on.
    package var isDraining: Bool
    /// The pool whose addresses its mail leaves from instead: one of the same owner, or of the installation.
    package var reroutedTo: String?
    package var tags: [ResourceTag]

    package init(
        owner: AccountID?, name: String, createdAt: UnixMilliseconds, queue: String = Topics.defaultQueue, scalingMode: ScalingMode = .standard,
        addresses: [Address] = [], isDraining: Bool = false, reroutedTo: String? = nil, tags: [ResourceTag] = []
    ) {
        self.owner = owner
        self.name = name
        self.createdAt = createdAt
        self.queue = queue
        self.scalingMode = scalingMode
        self.addresses = addresses
        self.isDraining = isDraining
        self.reroutedTo = reroutedTo
        self.tags = tags
    }

    /// Tells pools apart, whoever they belong to.
    package var id: String { "\(self.owner?.rawValue ?? "")/\(self.name)" }
}
