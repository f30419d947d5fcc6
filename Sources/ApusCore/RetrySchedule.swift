/// When a deferred message is tried again.
///
/// Attempt n + 1 follows attempt n by ``intervals``[n - 1], the last one repeating until the message's deadline, with a jitter so
/// that messages that were deferred together do not come back together.
package struct RetrySchedule: Hashable, Sendable {
    /// The waits after the first, second, … attempt; never empty.
    package var intervals: [Duration]
    /// The largest share, 0…1, by which a wait is lengthened at random. It is never shortened: a receiver that greylists for a
    /// fixed time must not be asked too early.
    package var jitter: Double

    /// 1, 5, 10, 20, 40 minutes, 1.5 and 3 hours, then every 4 hours: two tries within the first hour and then a longer wait, as
    /// RFC 5321 section 4.5.4.1 suggests, and the first one early because most deferrals of transactional mail are short.
    package static let standard = RetrySchedule(
        intervals: [
            .seconds(60), .seconds(300), .seconds(600), .seconds(1200), .seconds(2400), .seconds(5400), .seconds(10800), .seconds(14400),
        ],
        jitter: 0.2
    )

    /// - Parameters:
    ///   - intervals: at least one wait.
    ///   - jitter: clamped to 0…1.
    package init(intervals: [Duration], jitter: Double) {
        precondition(!intervals.isEmpty, "a retry schedule has at least one interval")
        self.intervals = intervals
        self.jitter = min(max(jitter, 0), 1)
    }

    /// The instant before which the next attempt must not start.
    ///
    /// - Parameters:
    ///   - attempt: the number of the attempt that was deferred, 1 for the first.
    ///   - now: when it was deferred.
    ///   - generator: the source of the jitter.
    package func nextAttempt(
        after attempt: Int, now: UnixMilliseconds, using generator: inout some RandomNumberGenerator
    ) -> UnixMilliseconds {
        let base = self.intervals[min(max(attempt, 1), self.intervals.count) - 1].milliseconds
        let spread = Int64(Double(base) * self.jitter)
        let extra = spread > 0 ? Int64.random(in: 0...spread, using: &generator) : 0
        return now + .milliseconds(base + extra)
    }
}
