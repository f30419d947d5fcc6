/// A sum over the last 24 hours in one-minute buckets: the daily quota's arithmetic.
///
/// The oldest bucket counts as a whole until all of it has left the window, so no window of 24 hours ever holds more than the
/// quota; the price is that tokens come back up to a minute late.
package struct SlidingWindow: Hashable, Sendable {
    /// The minutes that count: 24 hours and the one that is under way.
    package static let minutes = 1441

    private var buckets: [Int64: Int] = [:]
    private var sum = 0
    private var oldest: Int64 = .max

    package init() {}

    /// Rebuilds a window from what was stored.
    ///
    /// - Parameter buckets: counts by minute since the epoch.
    package init(buckets: [Int64: Int]) {
        self.buckets = buckets
        self.sum = buckets.values.reduce(0, +)
        self.oldest = buckets.keys.min() ?? .max
    }

    /// The counts by minute since the epoch, to be stored.
    package var stored: [Int64: Int] { self.buckets }

    /// What the window holds at `now`.
    package mutating func total(at now: UnixMilliseconds) -> Int {
        self.forget(before: Self.minute(now) - Int64(Self.minutes) + 1)
        return self.sum
    }

    /// Adds `count` at `now` if the sum stays within `quota`.
    ///
    /// - Returns: whether it was added.
    package mutating func add(_ count: Int, at now: UnixMilliseconds, quota: Int) -> Bool {
        guard count <= quota - self.total(at: now) else { return false }
        self.record(count, at: now)
        return true
    }

    /// Adds `count` at `now` whatever the sum: for replaying what was stored.
    package mutating func record(_ count: Int, at now: UnixMilliseconds) {
        let minute = Self.minute(now)
        self.buckets[minute, default: 0] += count
        self.sum += count
        self.oldest = min(self.oldest, minute)
    }

    /// Takes back `count` that was added at `then`; what has left the window meanwhile stays gone.
    package mutating func refund(_ count: Int, addedAt then: UnixMilliseconds) {
        let minute = Self.minute(then)
        guard let held = self.buckets[minute] else { return }
        let back = min(held, max(count, 0))
        self.buckets[minute] = held == back ? nil : held - back
        self.sum -= back
    }

    private mutating func forget(before first: Int64) {
        guard self.oldest < first else { return }
        for (minute, count) in self.buckets where minute < first {
            self.sum -= count
            self.buckets[minute] = nil
        }
        self.oldest = self.buckets.keys.min() ?? .max
    }

    private static func minute(_ instant: UnixMilliseconds) -> Int64 {
        instant.rawValue / 60000 - (instant.rawValue % 60000 < 0 ? 1 : 0)
    }
}
