internal import ApusCore

/// A limit as the scripts take it: whole numbers that a double holds exactly.
struct CellInterval: Hashable, Sendable {
    /// The longest time that leased tokens may be kept, in microseconds.
    private static let longestLease: Double = 200_000

    /// The emission interval, rounded up, so that rounding never lets more pass than the rate: microseconds, and 2^-20 parts of one.
    let microseconds: Int64
    let parts: Int64
    /// The burst, no larger than what 35 years bring.
    let burst: Int
    /// The burst that leases leave, and how long leased tokens live, in microseconds.
    ///
    /// Tokens used in a window of t seconds were taken in one of t + T seconds, of which rate × (t + T) + burst' can be taken; that is
    /// rate × t + burst when burst' is the burst less rate × T. T is chosen so that at most half of the burst goes for it. A burst of 1
    /// leaves nothing: its tokens are for use at once.
    let leasedBurst: Int
    let lease: Int64

    init(_ limit: RateLimit) {
        let interval = min((1_000_000 * 1_048_576 / limit.perSecond).rounded(.up), 0x1p62)
        let whole = Int64(interval)
        self.microseconds = whole >> 20
        self.parts = whole & 0xFFFFF
        self.burst = max(1, min(limit.burst, Int(min(0x1p70 / max(interval, 1), 0x1p30).rounded(.down))))
        let life = min(Self.longestLease, Double(self.burst / 2) / limit.perSecond * 1_000_000).rounded(.down)
        self.lease = Int64(life)
        self.leasedBurst = max(1, self.burst - Int((limit.perSecond * life / 1_000_000).rounded(.up)))
    }
}
