import ApusCore
import Testing

@Suite struct RetryScheduleTests {
    @Test func waitsFollowTheListAndTheLastOneRepeats() {
        var generator = SplitMix(seed: 1)
        let schedule = RetrySchedule(intervals: [.seconds(60), .seconds(300)], jitter: 0)
        let now = UnixMilliseconds(1000)
        #expect(schedule.nextAttempt(after: 1, now: now, using: &generator) == UnixMilliseconds(61_000))
        #expect(schedule.nextAttempt(after: 2, now: now, using: &generator) == UnixMilliseconds(301_000))
        #expect(schedule.nextAttempt(after: 1000, now: now, using: &generator) == UnixMilliseconds(301_000))
        #expect(schedule.nextAttempt(after: 0, now: now, using: &generator) == UnixMilliseconds(61_000))
        #expect(schedule.nextAttempt(after: .min, now: now, using: &generator) == UnixMilliseconds(61_000))
    }

    @Test func jitterLengthensAndNeverShortens() {
        var generator = SplitMix(seed: 2)
        let schedule = RetrySchedule(intervals: [.seconds(100)], jitter: 0.2)
        let waits = (0..<1000).map { _ in schedule.nextAttempt(after: 1, now: UnixMilliseconds(0), using: &generator).rawValue }
        #expect(waits.allSatisfy { (100_000...120_000).contains($0) })
        #expect(Set(waits).count > 500)
        #expect(RetrySchedule(intervals: [.seconds(1)], jitter: 7).jitter == 1)
        #expect(RetrySchedule(intervals: [.seconds(1)], jitter: -7).jitter == 0)
    }

    @Test func theStandardScheduleBeginsEarlyAndEndsAtFourHours() {
        let intervals = RetrySchedule.standard.intervals
        #expect(intervals.first == .seconds(60))
        #expect(intervals.last == .seconds(14_400))
        #expect(zip(intervals, intervals.dropFirst()).allSatisfy { $0 < $1 })
    }
}

@Suite struct DelayTierTests {
    @Test(arguments: [
        (0, DelayTier.fifteenSeconds), (15, .fifteenSeconds), (59, .fifteenSeconds), (60, .oneMinute), (299, .oneMinute), (300, .fiveMinutes),
        (1200, .twentyMinutes), (3599, .twentyMinutes), (3600, .oneHour), (14_400, .fourHours), (86_399, .fourHours), (86_400, .oneDay),
        (1_000_000, .oneDay),
    ])
    func theLargestThatFits(seconds: Int, tier: DelayTier) {
        #expect(DelayTier.largest(within: .seconds(seconds)) == tier)
    }

    @Test func tiersAreInOrderAndNamedAsTheTopics() {
        #expect(DelayTier.allCases.map(\.rawValue) == ["15s", "1m", "5m", "20m", "1h", "4h", "24h"])
        #expect(zip(DelayTier.allCases, DelayTier.allCases.dropFirst()).allSatisfy { $0.delay < $1.delay })
    }
}
