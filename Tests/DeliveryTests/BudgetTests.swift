import ApusCore
import Delivery
import Synchronization
import Testing

@Suite struct BudgetTests {
    @Test func demandsAreMetInTheirOrder() async {
        let budget = PatientBudget(amount: 10)
        #expect(await budget.take(6, within: .seconds(60), clock: SystemDeliveryClock()))
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                #expect(await budget.take(8, within: .seconds(60), clock: SystemDeliveryClock()))
                order.note(8)
                budget.giveBack(8)
            }
            // Behind a large demand a small one waits, or the large one would wait for ever.
            await budget.waiters(1)
            group.addTask {
                // What the two take together is more than there is.
                #expect(await budget.take(4, within: .seconds(60), clock: SystemDeliveryClock()))
                order.note(4)
                budget.giveBack(4)
            }
            await budget.waiters(2)
            budget.giveBack(6)
        }
        #expect(order.noted == [8, 4])
        // More than all of it is all of it.
        #expect(await budget.take(100, within: .seconds(60), clock: SystemDeliveryClock()))
        budget.giveBack(100)
        #expect(await budget.take(10, within: .seconds(60), clock: SystemDeliveryClock()))
    }

    @Test func closingTurnsAway() async {
        let budget = PatientBudget(amount: 10)
        #expect(await budget.take(10, within: .seconds(60), clock: SystemDeliveryClock()))
        async let waiting = budget.take(1, within: .seconds(60), clock: SystemDeliveryClock())
        await budget.waiters(1)
        budget.close()
        #expect(await waiting == false)
        #expect(await budget.take(1, within: .seconds(60), clock: SystemDeliveryClock()) == false)
    }

    /// Whoever waits too long goes away and takes nothing, and those behind it have their chance.
    @Test func waitingEnds() async {
        let budget = PatientBudget(amount: 10)
        #expect(await budget.take(5, within: .seconds(60), clock: SystemDeliveryClock()))
        async let large = budget.take(8, within: .milliseconds(50), clock: SystemDeliveryClock())
        await budget.waiters(1)
        async let small = budget.take(5, within: .seconds(60), clock: SystemDeliveryClock())
        #expect(await large == false)
        #expect(await small)
        budget.giveBack(10)
        #expect(await budget.take(10, within: .seconds(60), clock: SystemDeliveryClock()))
    }

    @Test func turnsAreAsFarApartAsTheRateSays() {
        var turns = AccountTurns()
        let (one, two) = (AccountID("111122223333")!, AccountID("444455556666")!)
        let limit = RateLimit(perSecond: 4, burst: 10)
        let now = UnixMilliseconds(1_800_000_000_000)
        #expect(!turns.isQueueing(one, now: now))
        let waits = (0..<4).map { _ in turns.take(one, cost: 1, limit: limit, now: now, earliest: .milliseconds(100)) }
        #expect(waits == [.milliseconds(100), .milliseconds(350), .milliseconds(600), .milliseconds(850)])
        // Two recipients take twice as long; others have their own turns.
        #expect(turns.take(one, cost: 2, limit: limit, now: now, earliest: .zero) == .milliseconds(1100))
        #expect(turns.take(one, cost: 1, limit: limit, now: now, earliest: .zero) == .milliseconds(1600))
        #expect(turns.take(two, cost: 1, limit: limit, now: now, earliest: .zero) == .zero)
        // When all have had theirs there is no queue any more.
        #expect(turns.isQueueing(one, now: now + .milliseconds(1800)))
        #expect(!turns.isQueueing(one, now: now + .milliseconds(1850)))
        #expect(turns.take(one, cost: 1, limit: limit, now: now + .seconds(60), earliest: .zero) == .zero)
    }

    @Test func turnsAreFurtherApartWhereOthersSendForTheAccountToo() {
        var turns = AccountTurns()
        let one = AccountID("111122223333")!
        let limit = RateLimit(perSecond: 4, burst: 10)
        var now = UnixMilliseconds(1_800_000_000_000)
        _ = turns.take(one, cost: 1, limit: limit, now: now, earliest: .zero)
        // In five seconds 20 tokens: five of them came here.
        for _ in 0..<5 { turns.granted(one, cost: 1, limit: limit, now: now) }
        now = now + .seconds(5)
        turns.missed(one, limit: limit, now: now)
        let apart = (0..<3).map { _ in turns.take(one, cost: 1, limit: limit, now: now, earliest: .zero) }
        #expect(apart == [.zero, .seconds(1), .seconds(2)])
        // The others have gone.
        turns.granted(one, cost: 1, limit: limit, now: now)
        now = now + .seconds(5)
        turns.granted(one, cost: 1, limit: limit, now: now)
        let alone = (0..<3).map { _ in turns.take(one, cost: 1, limit: limit, now: now, earliest: .zero) }
        #expect(alone == [.zero, .milliseconds(250), .milliseconds(500)])
    }
}

private final class Order: Sendable {
    private let numbers = Mutex<[Int]>([])
    var noted: [Int] { self.numbers.withLock { $0 } }
    func note(_ number: Int) { self.numbers.withLock { $0.append(number) } }
}

extension PatientBudget {
    /// Waits until so many wait for room.
    fileprivate func waiters(_ count: Int) async {
        while self.waiting < count { await Task.yield() }
    }
}
