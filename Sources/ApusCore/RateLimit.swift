/// A rate with a burst, in the units of the thing counted (messages, recipients, connections).
package struct RateLimit: Hashable, Sendable {
    /// How many a second; greater than 0.
    package var perSecond: Double
    /// How many at once after a pause; at least 1. In any window of t seconds at most `perSecond` × t + `burst` pass.
    package var burst: Int

    /// - Parameters:
    ///   - perSecond: finite and greater than 0.
    ///   - burst: at least 1.
    package init(perSecond: Double, burst: Int) {
        precondition(perSecond > 0 && perSecond.isFinite && burst >= 1, "a rate limit needs a positive rate and a burst of at least 1")
        self.perSecond = perSecond
        self.burst = burst
    }
}
