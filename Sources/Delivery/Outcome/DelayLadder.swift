package import ApusCore

/// The delays of the retry and hold topics as they are in force: the tiers' own, or shorter ones where time is compressed.
package struct DelayLadder: Hashable, Sendable {
    private let delays: [(tier: DelayTier, delay: Duration)]

    /// The tiers' own delays.
    package static let standard = DelayLadder(delays: [:])

    /// - Parameter delays: replaces the delay of the tiers it names. The delays must still rise from tier to tier.
    package init(delays: [DelayTier: Duration]) {
        self.delays = DelayTier.allCases.map { ($0, delays[$0] ?? $0.delay) }
    }

    /// How long a record waits in a tier.
    package func delay(of tier: DelayTier) -> Duration {
        self.delays.first { $0.tier == tier }?.delay ?? tier.delay
    }

    /// The largest tier that is not longer than `wait`; the smallest one for shorter waits.
    package func largest(within wait: Duration) -> DelayTier {
        self.delays.last { $0.delay <= wait }?.tier ?? .fifteenSeconds
    }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.delays.elementsEqual(rhs.delays) { $0.delay == $1.delay }
    }

    package func hash(into hasher: inout Hasher) {
        for entry in self.delays { hasher.combine(entry.delay) }
    }
}
