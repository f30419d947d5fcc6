package import ApusCore
package import Backends

/// What a ``Mover`` moves.
package struct MoverConfiguration: Sendable {
    /// The delays in force; those of the workers.
    package var ladder: DelayLadder
    /// Which tiers; all unless a test or a demonstration has fewer topics.
    package var tiers: [DelayTier] = DelayTier.allCases
    /// Batches; a partition is read one batch at a time.
    package var batches = BusConsumerConfiguration(maximumBatchRecords: 512, maximumBatchBytes: 8 << 20)
    /// A record that is due within this goes with those that are due.
    package var slack: Duration = .milliseconds(5)

    package init(delays: [DelayTier: Duration] = [:]) {
        self.ladder = DelayLadder(delays: delays)
    }
}
