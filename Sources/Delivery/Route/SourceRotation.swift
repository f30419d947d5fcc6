package import ApusCore

/// Whose turn it is among the addresses of a pool, as a pure state machine: weighted round robin, spread evenly (each address gains its
/// weight every turn, the one with most goes and pays the sum of all). An address that cannot be used here rests, and is tried again.
///
/// ```
/// weights a 3, b 1   → a a b a, a a b a, …
/// unusable(a)        → b b b b …  for half a minute
/// ```
package struct SourceRotation: Sendable {
    private struct Rest: Sendable {
        var until: UnixMilliseconds
        var length: Duration
    }

    private static let firstRest = Duration.seconds(30)
    private static let longestRest = Duration.seconds(600)
    /// Pools remembered before all are forgotten: they start their rounds anew then.
    private static let keptPools = 10_000

    private var gains: [String: [SourceAddress: Int]] = [:]
    private var rests: [SourceAddress: Rest] = [:]

    package init() {}

    /// The address that the next message of a pool leaves from.
    ///
    /// - Returns: nil when none of them can be used now.
    package mutating func next(of pool: SourcePool, now: UnixMilliseconds) -> SourceAddress? {
        if self.gains.count >= Self.keptPools, self.gains[pool.id] == nil { self.gains.removeAll(keepingCapacity: true) }
        var gains = self.gains.removeValue(forKey: pool.id) ?? [:]
        if gains.count > pool.sources.count {
            let known = Set(pool.sources.map(\.address))
            gains = gains.filter { known.contains($0.key) }
        }
        defer { self.gains[pool.id] = gains }
        var sum = 0
        var best: SourceAddress?
        for source in pool.sources where source.weight > 0 && !self.isResting(source.address, now: now) {
            sum += source.weight
            gains[source.address, default: 0] += source.weight
            if let known = best, gains[known, default: 0] >= gains[source.address, default: 0] { continue }
            best = source.address
        }
        guard let best else { return nil }
        gains[best, default: 0] -= sum
        return best
    }

    /// No connection can be opened from an address: it is not this host's, or has no port left. It rests, each time twice as long.
    package mutating func unusable(_ address: SourceAddress, now: UnixMilliseconds) {
        // Several connections fail at once, and that is one failure.
        guard !self.isResting(address, now: now) else { return }
        let length = self.rests[address].map { min($0.length * 2, Self.longestRest) } ?? Self.firstRest
        self.rests[address] = Rest(until: now + length, length: length)
    }

    /// A connection was opened from an address.
    package mutating func usable(_ address: SourceAddress) {
        self.rests[address] = nil
    }

    /// Addresses that rest now.
    package func resting(now: UnixMilliseconds) -> Int {
        self.rests.values.count { $0.until > now }
    }

    private func isResting(_ address: SourceAddress, now: UnixMilliseconds) -> Bool {
        self.rests[address].map { $0.until > now } ?? false
    }
}
