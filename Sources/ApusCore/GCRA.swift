/// The generic cell rate algorithm, in whole microseconds: the arithmetic of every rate limit in Apus.
///
/// The state of a limit is one number, its theoretical arrival time: the instant at which the limit would be wholly unused again.
/// Taking n tokens moves it n emission intervals ahead, and is allowed while it stays within the burst's tolerance of now.
/// Emission intervals are kept as a fraction (µs per 2^20 tokens) so that rates that do not divide a second, and rates above a
/// million a second, keep their long-run value. ITU-T I.371 describes the algorithm.
package struct GCRA: Hashable, Sendable {
    /// The answer to a request for tokens.
    package enum Decision: Hashable, Sendable {
        /// The tokens were taken.
        case granted
        /// Nothing was taken; the same request is granted after this many microseconds, if nobody else comes first.
        case denied(retryAfterMicroseconds: Int64)
        /// Nothing was taken, and the request can never be granted: it costs more than the burst.
        case impossible
    }

    /// The theoretical arrival time in units of 2^-20 µs since the clock's epoch, kept in 128 bits.
    private var arrival: Int128

    /// A limit that nobody has used yet.
    package init() {
        self.arrival = .min / 2
    }

    /// A limit whose burst is spent at `nowMicroseconds`: what an engine that lost its state starts from.
    package init(spentAt nowMicroseconds: Int64, limit: RateLimit) {
        self.arrival = Int128(nowMicroseconds) << 20 + Self.interval(limit) * Int128(limit.burst)
    }

    /// Takes `cost` tokens at `nowMicroseconds` if the limit allows it.
    ///
    /// - Parameters:
    ///   - cost: how many tokens; 0 is always granted.
    ///   - nowMicroseconds: a clock that may step back: state never moves back with it.
    ///   - limit: the limit in force; it may differ from call to call.
    package mutating func take(cost: Int, nowMicroseconds: Int64, limit: RateLimit) -> Decision {
        guard cost > 0 else { return .granted }
        guard cost <= limit.burst else { return .impossible }
        let now = Int128(nowMicroseconds) << 20
        let interval = Self.interval(limit)
        let next = max(self.arrival, now) + interval * Int128(cost)
        let allowedAt = next - interval * Int128(limit.burst)
        guard allowedAt <= now else {
            let wait = (allowedAt - now + (1 << 20) - 1) >> 20
            return .denied(retryAfterMicroseconds: Int64(clamping: wait))
        }
        self.arrival = next
        return .granted
    }

    /// Gives back `cost` tokens that were taken and not used.
    package mutating func refund(cost: Int, limit: RateLimit) {
        self.arrival = max(self.arrival - Self.interval(limit) * Int128(max(cost, 0)), .min / 2)
    }

    /// Whether the limit is wholly unused at `nowMicroseconds`, so that its state need not be kept.
    package func isIdle(nowMicroseconds: Int64) -> Bool {
        self.arrival <= Int128(nowMicroseconds) << 20
    }

    /// The emission interval in units of 2^-20 µs, rounded up so that rounding never lets more pass than the rate. At most 2^62 (50
    /// days), so that no burst overflows; a slower rate than that is taken for that.
    private static func interval(_ limit: RateLimit) -> Int128 {
        Int128(min((1_000_000 * 1_048_576 / limit.perSecond).rounded(.up), 0x1p62))
    }
}
