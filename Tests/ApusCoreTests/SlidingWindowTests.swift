import ApusCore
import Testing

@Suite struct SlidingWindowTests {
    private static let day: Int64 = 86_400_000

    @Test func countsUpToTheQuotaAndNotBeyond() {
        var window = SlidingWindow()
        #expect(window.add(60, at: UnixMilliseconds(0), quota: 100) == true)
        #expect(window.add(41, at: UnixMilliseconds(1), quota: 100) == false)
        #expect(window.add(40, at: UnixMilliseconds(1), quota: 100) == true)
        #expect(window.total(at: UnixMilliseconds(1)) == 100)
    }

    @Test func aBucketLeavesWhenAllOfItIsOlderThanADay() {
        var window = SlidingWindow()
        #expect(window.add(5, at: UnixMilliseconds(59_999), quota: 5) == true)
        #expect(window.total(at: UnixMilliseconds(Self.day)) == 5)
        #expect(window.total(at: UnixMilliseconds(Self.day + 59_999)) == 5)
        #expect(window.total(at: UnixMilliseconds(Self.day + 60_000)) == 0)
    }

    @Test func refundsGoToTheMinuteThatTheyCameFrom() {
        var window = SlidingWindow()
        #expect(window.add(5, at: UnixMilliseconds(0), quota: 10) == true)
        #expect(window.add(5, at: UnixMilliseconds(60_000), quota: 10) == true)
        window.refund(3, addedAt: UnixMilliseconds(0))
        #expect(window.total(at: UnixMilliseconds(60_000)) == 7)
        // Never below nothing, nor from another minute.
        window.refund(100, addedAt: UnixMilliseconds(0))
        window.refund(100, addedAt: UnixMilliseconds(180_000))
        #expect(window.total(at: UnixMilliseconds(60_000)) == 5)
        window.refund(5, addedAt: UnixMilliseconds(60_000))
        #expect(window.total(at: UnixMilliseconds(60_000)) == 0)
        #expect(window.stored.isEmpty)
    }

    @Test func whatIsStoredRebuildsTheWindow() {
        var window = SlidingWindow()
        for minute in 0..<2000 { window.record(minute % 7, at: UnixMilliseconds(Int64(minute) * 60_000)) }
        var copy = SlidingWindow(buckets: window.stored)
        let now = UnixMilliseconds(2000 * 60_000)
        #expect(copy.total(at: now) == window.total(at: now))
        #expect(copy.total(at: now) == (560..<2000).reduce(0) { $0 + $1 % 7 })
    }

    @Test func timesBeforeTheEpochAndAtTheEndsDoNotTrap() {
        for instant in [Int64.min, -60_001, -60_000, -1, .max] {
            var window = SlidingWindow()
            window.record(3, at: UnixMilliseconds(instant))
            window.refund(1, addedAt: UnixMilliseconds(instant))
            #expect(window.stored.values.reduce(0, +) == 2)
        }
        var window = SlidingWindow()
        window.record(1, at: UnixMilliseconds(-1))
        #expect(window.stored == [-1: 1])
    }

    /// No 24 hours ever hold more than the quota, whatever comes when.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func noDayHoldsMoreThanTheQuota(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        var window = SlidingWindow()
        var now: Int64 = 0
        var grants: [(at: Int64, count: Int)] = []
        for _ in 0..<4000 {
            now += Int64.random(in: 0...240_000, using: &generator)
            let count = Int.random(in: 1...50, using: &generator)
            if window.add(count, at: UnixMilliseconds(now), quota: 1000) { grants.append((now, count)) }
        }
        #expect(now > 3 * Self.day)
        var first = 0
        var sum = 0
        for last in grants {
            sum += last.count
            while grants[first].at <= last.at - Self.day {
                sum -= grants[first].count
                first += 1
            }
            #expect(sum <= 1000)
        }
    }
}
