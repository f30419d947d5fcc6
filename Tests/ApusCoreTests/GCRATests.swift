import ApusCore
import Testing

@Suite struct GCRATests {
    @Test func aFreshLimitGrantsItsBurstAtOnceAndThenItsRate() {
        var limit = GCRA()
        let rate = RateLimit(perSecond: 10, burst: 5)
        for _ in 0..<5 { #expect(limit.take(cost: 1, nowMicroseconds: 1000, limit: rate) == .granted) }
        #expect(limit.take(cost: 1, nowMicroseconds: 1000, limit: rate) == .denied(retryAfterMicroseconds: 100_000))
        #expect(limit.take(cost: 1, nowMicroseconds: 100_999, limit: rate) == .denied(retryAfterMicroseconds: 1))
        #expect(limit.take(cost: 1, nowMicroseconds: 101_000, limit: rate) == .granted)
    }

    @Test func theRetryTimeIsExactForAnyCost() {
        for cost in 1...7 {
            var limit = GCRA()
            let rate = RateLimit(perSecond: 3, burst: 7)
            #expect(limit.take(cost: 7, nowMicroseconds: 0, limit: rate) == .granted)
            guard case .denied(let wait) = limit.take(cost: cost, nowMicroseconds: 0, limit: rate) else {
                Issue.record("granted above the burst")
                return
            }
            #expect(limit.take(cost: cost, nowMicroseconds: wait - 1, limit: rate) != .granted)
            #expect(limit.take(cost: cost, nowMicroseconds: wait, limit: rate) == .granted)
        }
    }

    @Test func moreThanTheBurstIsImpossibleAndChangesNothing() {
        var limit = GCRA()
        let rate = RateLimit(perSecond: 1, burst: 3)
        #expect(limit.take(cost: 4, nowMicroseconds: 0, limit: rate) == .impossible)
        #expect(limit.take(cost: 3, nowMicroseconds: 0, limit: rate) == .granted)
    }

    @Test func aClockThatStepsBackGrantsNothingMore() {
        var limit = GCRA()
        let rate = RateLimit(perSecond: 1, burst: 1)
        #expect(limit.take(cost: 1, nowMicroseconds: 10_000_000, limit: rate) == .granted)
        #expect(limit.take(cost: 1, nowMicroseconds: 5_000_000, limit: rate) == .denied(retryAfterMicroseconds: 6_000_000))
        #expect(limit.take(cost: 1, nowMicroseconds: 11_000_000, limit: rate) == .granted)
    }

    @Test func whatIsRefundedCanBeTakenAgainAndNoMore() {
        var limit = GCRA()
        let rate = RateLimit(perSecond: 1, burst: 4)
        #expect(limit.take(cost: 4, nowMicroseconds: 0, limit: rate) == .granted)
        limit.refund(cost: 2, limit: rate)
        #expect(limit.take(cost: 2, nowMicroseconds: 0, limit: rate) == .granted)
        #expect(limit.take(cost: 1, nowMicroseconds: 0, limit: rate) != .granted)
        // Refunds do not pile up into more than the burst.
        for _ in 0..<100 { limit.refund(cost: 4, limit: rate) }
        #expect(limit.take(cost: 4, nowMicroseconds: 0, limit: rate) == .granted)
        #expect(limit.take(cost: 1, nowMicroseconds: 0, limit: rate) != .granted)
    }

    @Test func aLimitThatStartsSpentFillsAtItsRate() {
        let rate = RateLimit(perSecond: 2, burst: 4)
        var limit = GCRA(spentAt: 1_000_000, limit: rate)
        #expect(limit.take(cost: 1, nowMicroseconds: 1_000_000, limit: rate) == .denied(retryAfterMicroseconds: 500_000))
        #expect(limit.take(cost: 4, nowMicroseconds: 3_000_000, limit: rate) == .granted)
        #expect(!limit.isIdle(nowMicroseconds: 3_000_000))
        #expect(limit.isIdle(nowMicroseconds: 5_000_000))
    }

    /// In any window of t seconds at most rate × t + burst pass, whatever is asked for and when.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64], [0.3, 7, 33.3, 1_000_000 / 7, 3_000_000] as [Double])
    func noWindowEverHoldsMoreThanRateTimesTimePlusBurst(seed: UInt64, perSecond: Double) {
        var generator = SplitMix(seed: seed)
        let rate = RateLimit(perSecond: perSecond, burst: Int.random(in: 1...40, using: &generator))
        var limit = GCRA()
        var now: Int64 = 0
        var grants: [(at: Int64, cost: Int)] = []
        for _ in 0..<2000 {
            let step = Int64(2_000_000 / perSecond * Double(rate.burst) / 8) + 2
            now += Int64.random(in: 0...step, using: &generator)
            let cost = Int.random(in: 1...rate.burst, using: &generator)
            if limit.take(cost: cost, nowMicroseconds: now, limit: rate) == .granted { grants.append((now, cost)) }
        }
        #expect(grants.count > 100)
        for first in grants.indices {
            var sum = 0
            for last in grants[first...].prefix(200) {
                sum += last.cost
                let seconds = Double(last.at - grants[first].at) / 1_000_000
                #expect(Double(sum) <= perSecond * seconds + Double(rate.burst) + 0.001)
            }
        }
    }

    @Test func theLongRunRateIsKeptWhereItDoesNotDivideASecond() {
        let rate = RateLimit(perSecond: 3_000_000, burst: 100)
        var limit = GCRA()
        var granted = 0
        for now in stride(from: Int64(0), to: 1_000_000, by: 10) {
            while limit.take(cost: 1, nowMicroseconds: now, limit: rate) == .granted { granted += 1 }
        }
        #expect((2_999_000...3_000_100).contains(granted))
    }

    @Test(arguments: [1e-300, 1e-9, 1e300]) func extremeRatesAndBurstsDoNotTrap(perSecond: Double) {
        let rate = RateLimit(perSecond: perSecond, burst: .max)
        var limit = GCRA(spentAt: .max, limit: rate)
        _ = limit.take(cost: .max, nowMicroseconds: .max, limit: rate)
        for _ in 0..<10 { limit.refund(cost: .max, limit: rate) }
        _ = limit.take(cost: .max, nowMicroseconds: .min, limit: rate)
        var idle = GCRA()
        for _ in 0..<10 { idle.refund(cost: .max, limit: rate) }
        #expect(idle.isIdle(nowMicroseconds: 0))
    }
}
