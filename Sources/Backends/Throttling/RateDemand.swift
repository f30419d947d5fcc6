package import ApusCore

/// Tokens of one limit, asked for together with others.
package struct RateDemand: Hashable, Sendable {
    package var key: String
    package var limit: RateLimit
    package var cost: Int

    package init(_ key: String, limit: RateLimit, cost: Int = 1) {
        self.key = key
        self.limit = limit
        self.cost = cost
    }
}

extension RateLimiting {
    /// Takes tokens of several limits, all or none: one after the other, for they may live on different servers. What was taken before a
    /// refusal is given back, so ask first for those that refuse most.
    ///
    /// - Throws: what the engine throws; then what was taken is given back if that can be done, else it is lost.
    package func take(_ demands: [RateDemand]) async throws -> RateDecision {
        for (index, demand) in demands.enumerated() {
            let decision: RateDecision
            do {
                decision = try await self.take(demand.key, limit: demand.limit, cost: demand.cost)
            } catch {
                for taken in demands[..<index] { try? await self.refund(taken.key, limit: taken.limit, count: taken.cost) }
                throw error
            }
            guard decision != .granted else { continue }
            for taken in demands[..<index] { try? await self.refund(taken.key, limit: taken.limit, count: taken.cost) }
            return decision
        }
        return .granted
    }
}
