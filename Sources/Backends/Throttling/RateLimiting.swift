package import ApusCore

/// Limits of so many a second, exact across all callers of one engine and clock.
///
/// A limit that an engine has no state for starts unused when the engine is known to be complete, and spent otherwise.
package protocol RateLimiting: Sendable {
    /// Takes `cost` tokens, all or none.
    ///
    /// - Parameters:
    ///   - key: the limit's name, such as `account/123456789012`; at most 200 bytes.
    ///   - limit: the limit in force for the key.
    ///   - cost: at least 1.
    func take(_ key: String, limit: RateLimit, cost: Int) async throws -> RateDecision

    /// Takes up to `maximum` tokens for use within a short time: one call for many messages, for rates above 50 a second.
    ///
    /// What is leased counts as taken; unused tokens are given back with ``refund(_:limit:count:)`` before the lease ends, or are lost, so
    /// rate × time + burst is never exceeded.
    ///
    /// - Returns: at least one token, or when one will be there.
    func lease(_ key: String, limit: RateLimit, maximum: Int) async throws -> RateLease

    /// Gives back tokens that were taken and not used.
    func refund(_ key: String, limit: RateLimit, count: Int) async throws
}

/// The answer of ``RateLimiting/take(_:limit:cost:)``.
package enum RateDecision: Hashable, Sendable {
    case granted
    /// Nothing was taken; ask again after this time.
    case denied(retryAfter: Duration)
    /// Costs more than the burst: it can never be granted.
    case impossible
}

/// The answer of ``RateLimiting/lease(_:limit:maximum:)``.
package enum RateLease: Hashable, Sendable {
    /// So many tokens, to be used within `validFor`.
    case granted(tokens: Int, validFor: Duration)
    /// None now; ask again after this time.
    case denied(retryAfter: Duration)
}
