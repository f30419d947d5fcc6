package import ApusCore

/// Since when a Redis knows what it should, and how it began.
///
/// A Redis that came back empty would let every limit's burst pass again and have every message delivered once more, so without an epoch
/// nothing is decided. Whoever begins one says what was lost.
package struct RedisEpoch: Hashable, Sendable {
    package enum Beginning: Hashable, Sendable {
        /// Nothing has ever been sent: limits and quotas start unused.
        case fresh
        /// What it held is lost, and sending goes on all the same: rate limits start as spent when the epoch begins, deliveries whose record
        /// comes back are doubled.
        ///
        /// - Parameter quotasAreSpent: whether accounts with a daily quota send nothing until a day has passed; otherwise what they sent
        ///   before is forgotten, and a day that spans the loss can hold up to twice the quota.
        case afterLoss(quotasAreSpent: Bool)
    }

    package var beganAt: UnixMilliseconds
    package var beginning: Beginning

    /// Reads what the scripts wrote: microseconds and a letter.
    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let microseconds = Int64(parts[0]) else { return nil }
        self.beganAt = UnixMilliseconds(microseconds / 1000)
        switch parts[1] {
        case "f": self.beginning = .fresh
        case "l": self.beginning = .afterLoss(quotasAreSpent: false)
        case "s": self.beginning = .afterLoss(quotasAreSpent: true)
        default: return nil
        }
    }
}

extension RedisEpoch.Beginning {
    /// What the scripts know it by.
    var letter: String {
        switch self {
        case .fresh: "f"
        case .afterLoss(quotasAreSpent: false): "l"
        case .afterLoss(quotasAreSpent: true): "s"
        }
    }
}
