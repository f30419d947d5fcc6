package import ApusCore
package import ApusSchema

/// The pools whose mail could not leave from here lately: they are other workers', or none of their addresses can be used on this host.
package struct HeldPools: Sendable {
    /// Held mail comes back after 20 minutes at most; a pool whose mail does not come back any more is forgotten.
    static let memory = Duration.seconds(1800)
    /// So many are told apart.
    static let maximumPools = 1000

    private var lastHeld: [String: UnixMilliseconds] = [:]

    package init() {}

    /// A message of a pool was held.
    package mutating func hold(_ pool: String, now: UnixMilliseconds) {
        if self.lastHeld.count >= Self.maximumPools, self.lastHeld[pool] == nil {
            self.lastHeld = self.lastHeld.filter { $0.value + Self.memory > now }
            guard self.lastHeld.count < Self.maximumPools else { return }
        }
        self.lastHeld[pool] = now
    }

    /// A message of a pool can leave.
    package mutating func release(_ pool: String) {
        guard !self.lastHeld.isEmpty else { return }
        self.lastHeld[pool] = nil
    }

    /// The pools, in byte order.
    package func names(now: UnixMilliseconds) -> [String] {
        self.lastHeld.filter { $0.value + Self.memory > now }.keys.sorted()
    }

    /// The pools whose mail some worker had to hold and none can deliver, in byte order of their names.
    ///
    /// - Parameter summaries: of all workers that are alive.
    package static func withoutWorker(in summaries: [Apus_V1_QueueSummary]) -> [String] {
        Set(summaries.flatMap(\.heldPools)).filter { pool in
            !summaries.contains { ($0.pools.isEmpty || $0.pools.contains(pool)) && !$0.heldPools.contains(pool) }
        }.sorted()
    }
}
