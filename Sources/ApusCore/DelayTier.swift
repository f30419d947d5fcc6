/// The constant delays of the retry and hold topics (`apus.retry.<name>`, `apus.hold.<name>`).
///
/// Within one topic every record waits equally long, so that its head is always the next one due; a longer wait is a sequence of
/// hops through the largest tiers that fit.
package enum DelayTier: String, Hashable, Sendable, CaseIterable {
    case fifteenSeconds = "15s"
    case oneMinute = "1m"
    case fiveMinutes = "5m"
    case twentyMinutes = "20m"
    case oneHour = "1h"
    case fourHours = "4h"
    case oneDay = "24h"

    /// How long a record waits in this tier.
    package var delay: Duration {
        switch self {
        case .fifteenSeconds: .seconds(15)
        case .oneMinute: .seconds(60)
        case .fiveMinutes: .seconds(300)
        case .twentyMinutes: .seconds(1200)
        case .oneHour: .seconds(3600)
        case .fourHours: .seconds(14400)
        case .oneDay: .seconds(86400)
        }
    }

    /// The largest tier that is not longer than `wait`; the smallest one for shorter waits.
    package static func largest(within wait: Duration) -> DelayTier {
        Self.allCases.last { $0.delay <= wait } ?? .fifteenSeconds
    }
}
