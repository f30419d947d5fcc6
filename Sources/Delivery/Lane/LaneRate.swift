internal import ApusSchema
internal import NIOCore

/// How fast a lane gets messages off, over the last half minute or so, and when those that are put away are to come back.
struct LaneRate: Sendable {
    /// Before this much is known, nothing is expected.
    private static let learning = TimeAmount.seconds(10)
    private static let window = TimeAmount.seconds(15)

    private var windowStart: NIODeadline?
    private var current = 0
    private var previous: Int?
    /// The turns that were given last.
    private var lastTurn: (transactional: NIODeadline, bulk: NIODeadline) = (.distantPast, .distantPast)

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

    /// The longest that a message is put away for. A guess from half a minute must not park mail for hours, and what comes back costs the bus two
    /// writes: one stay on one topic (``DelayTier/twentyMinutes``) is as short as can be where a backlog takes hours.
    private static let longest = Duration.seconds(1200)
    /// How much of its time between two messages a lane is thought to need. Turns that were exactly as far apart as messages get off now would keep
    /// a lane from ever being seen to be faster.
    private static let turnShare = 0.8

    /// How long the last of `count` messages would wait; nil while there is no saying.
    mutating func expectedWait(for count: Int, now: NIODeadline) -> Duration? {
        guard let known = self.known(now: now) else { return nil }
        guard known.done > 0 else { return .seconds(60) }
        return min(.nanoseconds(known.elapsed.nanoseconds / Int64(known.done)) * count, Self.longest)
    }

    /// How long a message is put away for: until its turn, behind `count` that wait here and behind all that were put away before it.
    ///
    /// - Parameter patience: how long messages wait here at most; those that do not get off in it are put away themselves, behind this one.
    /// - Returns: nil while there is no saying.
    mutating func takeTurn(behind count: Int, patience: Duration, _ deliveryClass: Topics.DeliveryClass, now: NIODeadline) -> Duration? {
        guard let known = self.known(now: now) else { return nil }
        // One that gets nothing off at all gets one off in that time, at best.
        let interval = TimeAmount.nanoseconds(Int64(Double(known.elapsed.nanoseconds) / Double(max(known.done, 1)) * Self.turnShare))
        let last = deliveryClass == .bulk ? max(self.lastTurn.bulk, self.lastTurn.transactional) : self.lastTurn.transactional
        // A lane holds some ten thousand, and its interval is half a minute at most.
        let turn = max(now + min(interval * count, TimeAmount(clamping: patience)), last + interval)
        let wait = turn - now
        guard wait < TimeAmount(clamping: Self.longest) else { return Self.longest }
        if deliveryClass == .bulk { self.lastTurn.bulk = turn } else { self.lastTurn.transactional = turn }
        return .nanoseconds(wait.nanoseconds)
    }

    private mutating func known(now: NIODeadline) -> (elapsed: TimeAmount, done: Int)? {
        self.roll(now: now)
        guard let windowStart else { return nil }
        let elapsed = now - windowStart + (self.previous == nil ? .zero : Self.window)
        return elapsed >= Self.learning ? (elapsed, self.current + (self.previous ?? 0)) : nil
    }

    private mutating func roll(now: NIODeadline) {
        guard let windowStart, now - windowStart >= Self.window else { return }
        if now - windowStart >= Self.window * 2 {
            // A pause: what was before says nothing about now.
            self.windowStart = nil
            self.current = 0
            self.previous = nil
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
