package import ApusCore

/// A named group of rules that a message is sent under.
package struct ConfigurationSet: Hashable, Sendable {
    /// Whether a message may travel without TLS.
    package enum TLSPolicy: String, Hashable, Sendable, Codable {
        case optional = "OPTIONAL"
        case require = "REQUIRE"
    }

    /// Why an address is put on the suppression list.
    package enum SuppressedReason: String, Hashable, Sendable, Codable, CaseIterable {
        case bounce = "BOUNCE"
        case complaint = "COMPLAINT"
    }

    /// How links in messages are tracked.
    package struct TrackingOptions: Hashable, Sendable, Codable {
        package enum HTTPSPolicy: String, Hashable, Sendable, Codable {
            case require = "REQUIRE"
            case requireOpenOnly = "REQUIRE_OPEN_ONLY"
            case optional = "OPTIONAL"
        }

        /// The domain of rewritten links.
        package var customRedirectDomain: String
        package var httpsPolicy: HTTPSPolicy?

        package init(customRedirectDomain: String, httpsPolicy: HTTPSPolicy? = nil) {
            self.customRedirectDomain = customRedirectDomain
            self.httpsPolicy = httpsPolicy
        }
    }

    package let account: AccountID
    /// 1 to 64 letters, digits, `_`, `-`.
    package let name: String
    package let createdAt: UnixMilliseconds
    package var sendingEnabled: Bool
    package var reputationMetricsEnabled: Bool
    package var tlsPolicy: TLSPolicy
    /// How long delivery is tried, 300…50,400 seconds; nil for the installation's default.
    package var maxDeliverySeconds: Int?
    /// The pool that its messages leave from; nil for the default pool.
    package var sendingPool: String?
    /// The reasons in force instead of the account's; nil where the account's are.
    package var suppressedReasons: [SuppressedReason]?
    package var tracking: TrackingOptions?
    package var tags: [ResourceTag]

    package init(
        account: AccountID, name: String, createdAt: UnixMilliseconds, sendingEnabled: Bool = true, reputationMetricsEnabled: Bool = true,
        tlsPolicy: TLSPolicy = .optional, maxDeliverySeconds: Int? = nil, sendingPool: String? = nil,
        suppressedReasons: [SuppressedReason]? = nil, tracking: TrackingOptions? = nil, tags: [ResourceTag] = []
    ) {
        self.account = account
        self.name = name
        self.createdAt = createdAt
        self.sendingEnabled = sendingEnabled
        self.reputationMetricsEnabled = reputationMetricsEnabled
        self.tlsPolicy = tlsPolicy
        self.maxDeliverySeconds = maxDeliverySeconds
        self.sendingPool = sendingPool
        self.suppressedReasons = suppressedReasons
        self.tracking = tracking
        self.tags = tags
    }
}
