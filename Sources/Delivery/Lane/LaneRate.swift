internal import NIOCore

/// How fast a lane gets messages off, over the last half minute or so.
struct LaneRate: Hashable, Sendable {
    /// Before this much is known, nothing is expected.
    private static let learning = TimeAmount.seconds(10)
    private static let window = TimeAmount.seconds(15)

    private var windowStart: NIODeadline?
    private var current = 0
    private var previous: Int?

    /// Work has begun.
    mutating func begin(now: NIODeadline) {
        self.roll(now: now)
        if self.windowStart == nil { self.windowStart = now }
    }

    /// A message is off.
    mutating func record(now: NIODeadline) {
        self.begin(now: now)
        self.current += 1
    }

    /// The longest wait that is believed.
    private static let longest = Duration.seconds(900)

    /// How long the last of `count` messages would wait; nil while there is no saying.
    mutating func expectedWait(for count: Int, now: NIODeadline) -> Duration? {
        self.roll(now: now)
        guard let windowStart else { return nil }
        let elapsed = now - windowStart + (self.previous == nil ? .zero : Self.window)
        guard elapsed >= Self.learning else { return nil }
        let done = self.current + (self.previous ?? 0)
        guard done > 0 else { return .seconds(60) }
        // A guess from half a minute must not park mail for hours.
        return min(.nanoseconds(Int64(clamping: elapsed.nanoseconds / Int64(done))) * count, Self.longest)
    }

    private mutating func roll(now: NIODeadline) {
        guard let windowStart, now - windowStart >= Self.window else { return }
        if now - windowStart >= Self.window * 2 {
            // A pause: what was before says nothing about now.
            self = LaneRate()
        } else {
            self.previous = self.current
            self.current = 0
            self.windowStart = windowStart + Self.window
        }
    }
}

extension TimeAmount {
    /// A `Duration`, clamped to what nanoseconds in an `Int64` hold.
    init(clamping duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(overflow ? (seconds < 0 ? .min : .max) : scaled &+ attoseconds / 1_000_000_000)
    }
}
