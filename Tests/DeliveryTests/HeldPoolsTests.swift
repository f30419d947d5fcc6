import ApusCore
import ApusSchema
import Delivery
import Testing

@Suite struct HeldPoolsTests {
    let now = UnixMilliseconds(1_800_000_000_000)

    @Test func aPoolIsRememberedUntilItsMailLeavesOrComesNoMore() {
        var pools = HeldPools()
        pools.hold("b", now: self.now)
        pools.hold("a", now: self.now + .seconds(1700))
        #expect(pools.names(now: self.now + .seconds(1799)) == ["a", "b"])
        #expect(pools.names(now: self.now + .seconds(1800)) == ["a"])
        pools.release("a")
        pools.release("never held")
        #expect(pools.names(now: self.now + .seconds(1700)) == ["b"])
    }

    @Test func soManyAreRememberedAndOldOnesMakeRoom() {
        var pools = HeldPools()
        for number in 0..<2000 { pools.hold("p\(number)", now: self.now) }
        #expect(pools.names(now: self.now).count == 1000)
        pools.hold("late", now: self.now + .seconds(1801))
        #expect(pools.names(now: self.now + .seconds(1801)) == ["late"])
    }

    private func worker(_ pools: [String], held: [String]) -> Apus_V1_QueueSummary {
        var summary = Apus_V1_QueueSummary()
        summary.pools = pools
        summary.heldPools = held
        return summary
    }

    @Test func aPoolIsWithoutWorkerWhenAllThatServeItHoldItsMail() {
        // Somebody else's, and nobody's.
        #expect(HeldPools.withoutWorker(in: [self.worker(["a"], held: ["b", "c"]), self.worker(["b"], held: ["a"])]) == ["c"])
        // One that serves all, but has no address that it could use.
        #expect(HeldPools.withoutWorker(in: [self.worker([], held: ["a"])]) == ["a"])
        #expect(HeldPools.withoutWorker(in: [self.worker([], held: ["a"]), self.worker([], held: [])]).isEmpty)
        #expect(HeldPools.withoutWorker(in: []).isEmpty)
    }
}
