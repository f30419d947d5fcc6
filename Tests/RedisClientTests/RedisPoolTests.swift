import RedisClient
import Testing

/// Which request is written where, and what becomes of it.
@Suite struct RedisPoolTests {
    private static func pool(connections: Int = 1) -> RedisPool<String> {
        RedisPool(.init(connections: connections, stall: 1000, backoff: 10, maximumBackoff: 35))
    }

    @Test func requestsWaitForTheFirstConnection() {
        var pool = Self.pool(connections: 2)
        #expect(pool.submit("a", id: 1, deadline: 100, now: 0) == .wait(connect: [0, 1]))
        #expect(pool.submit("b", id: 2, deadline: 100, now: 0) == .wait(connect: []))
        #expect(pool.connected(1, now: 1) == ["a", "b"])
        #expect(pool.submit("c", id: 3, deadline: 100, now: 0) == .write(slot: 1))
        #expect(pool.connected(0, now: 2) == [])
        // The one with the fewest.
        #expect(pool.submit("d", id: 4, deadline: 100, now: 2) == .write(slot: 0))
        #expect(pool.answered(1, now: 3)?.request == "a")
        #expect(pool.answered(1, now: 3)?.request == "b")
        #expect(pool.answered(0, now: 3)?.request == "d")
        #expect(pool.answered(0, now: 3)?.request == nil)
        #expect(!pool.isEmpty)
        #expect(pool.answered(1, now: 3)?.request == "c")
        #expect(pool.isEmpty)
    }

    @Test func aRequestGivenUpKeepsItsPlaceUntilItsAnswerComes() {
        var pool = Self.pool()
        _ = pool.submit("a", id: 1, deadline: 10, now: 0)
        _ = pool.connected(0, now: 0)
        _ = pool.submit("b", id: 2, deadline: 50, now: 0)
        _ = pool.submit("c", id: 3, deadline: 60, now: 0)
        #expect(pool.nextCheck == 10)
        let overdue = pool.overdue(now: 10)
        #expect(overdue.requests.map(\.request) == ["a"] && overdue.requests.map(\.wasWritten) == [true] && overdue.stalled == [])
        #expect(pool.overdue(now: 11).requests.isEmpty)
        #expect(pool.cancel(2)?.request == "b")
        #expect(pool.cancel(2) == nil)
        #expect(pool.answered(0, now: 12)?.isGivenUp == true)
        #expect(pool.answered(0, now: 12)?.isGivenUp == true)
        let last = pool.answered(0, now: 12)
        #expect(last?.request == "c" && last?.isGivenUp == false)
    }

    @Test func whatWasNotWrittenLeavesAtOnce() {
        var pool = Self.pool()
        _ = pool.submit("a", id: 1, deadline: 10, now: 0)
        _ = pool.submit("b", id: 2, deadline: 20, now: 0)
        #expect(pool.cancel(1)?.wasWritten == false)
        #expect(pool.overdue(now: 20).requests.map(\.wasWritten) == [false])
        #expect(pool.connected(0, now: 21) == [])
        #expect(pool.isEmpty)
    }

    @Test func pausesDoubleUpToTheBoundAndBeginAnew() {
        var pool = Self.pool()
        _ = pool.submit("a", id: 1, deadline: .max, now: 0)
        var pauses: [Int64?] = []
        for _ in 0..<4 {
            pauses.append(pool.disconnected(0, spread: 0).retryAfter)
            let isAsked = pool.retry(0)
            #expect(isAsked)
        }
        #expect(pauses == [10, 20, 35, 35])
        #expect(pool.disconnected(0, spread: 1).retryAfter == 18)
        _ = pool.retry(0)
        _ = pool.connected(0, now: 0)
        #expect(pool.disconnected(0, spread: 0).retryAfter == 10)
    }

    @Test func failsAtOnceWhileNoConnectionComesUp() {
        var pool = Self.pool()
        _ = pool.submit("a", id: 1, deadline: .max, now: 0)
        // One failure may be a blink.
        #expect(pool.disconnected(0, spread: 0).unreachable == [])
        #expect(pool.submit("b", id: 2, deadline: .max, now: 0) == .wait(connect: []))
        _ = pool.retry(0)
        #expect(pool.disconnected(0, spread: 0).unreachable == ["a", "b"])
        #expect(pool.submit("c", id: 3, deadline: .max, now: 0) == .unreachable)
        _ = pool.retry(0)
        #expect(pool.submit("c", id: 3, deadline: .max, now: 0) == .unreachable)
        #expect(pool.connected(0, now: 1) == [])
        #expect(pool.submit("c", id: 3, deadline: .max, now: 0) == .write(slot: 0))
    }

    @Test func aConnectionThatAnswersNothingIsStuck() {
        var pool = Self.pool()
        _ = pool.submit("a", id: 1, deadline: .max, now: 0)
        _ = pool.connected(0, now: 100)
        #expect(pool.nextCheck == 1100)
        #expect(pool.overdue(now: 1099).stalled == [])
        #expect(pool.nextCheck == 1100)
        #expect(pool.overdue(now: 1100).stalled == [0])
        #expect(pool.disconnected(0, spread: 0).requests.map(\.request) == ["a"])
    }

    @Test func closedItTakesNothing() {
        var pool = Self.pool()
        _ = pool.submit("a", id: 1, deadline: .max, now: 0)
        #expect(pool.close() == ["a"])
        #expect(pool.submit("b", id: 2, deadline: .max, now: 0) == .closed)
        #expect(pool.disconnected(0, spread: 0).retryAfter == nil)
        let isRetried = pool.retry(0)
        #expect(!isRetried)
    }
}
