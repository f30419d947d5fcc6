package import ApusCore

/// Fits the retry schedule to a message's deadline.
package struct RetryPlan: Hashable, Sendable {
    /// A last attempt is made about this long before the deadline, so that a message whose next turn would come too late gets one more.
    package static let lastChance: Duration = .seconds(60)

    package var schedule: RetrySchedule

    package init(schedule: RetrySchedule) {
        self.schedule = schedule
    }

    /// When the next attempt may start, or, when that is the deadline itself, when the message bounces.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that was deferred, 1 for the first.
    ///   - now: when it was deferred.
    ///   - expiresAt: the deadline.
    ///   - notBefore: the lane's own back-off; nil for none.
    package func notBefore(
        after attempt: Int, now: UnixMilliseconds, expiresAt: UnixMilliseconds, laneOpensAt notBefore: UnixMilliseconds?,
        using generator: inout some RandomNumberGenerator
    ) -> UnixMilliseconds {
        var next = self.schedule.nextAttempt(after: attempt, now: now, using: &generator)
        if let notBefore, notBefore > next { next = notBefore }
        guard next >= expiresAt else { return next }
        let lastChance = expiresAt + (.zero - Self.lastChance)
        // An attempt that was itself the last chance is not followed by another one.
        return lastChance - now >= Self.lastChance ? lastChance : expiresAt
    }
}
