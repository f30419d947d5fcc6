import Delivery
import Testing

/// Whose turn it is, as transcripts.
@Suite struct DeficitRoundTests {
    typealias Round = DeficitRound<String, CostedFIFO<String>>

    func put(_ element: String, cost: Int = 1, octets: Int = 0, into flow: String, isNext: Bool = false, _ round: inout Round) {
        round.insert(into: flow, isNext: isNext) { $0.insert(element, cost: cost, octets: octets, isNext: isNext) }
    }

    func pop(_ count: Int, _ round: inout Round) -> [String] {
        (0..<count).compactMap { _ in round.popFirst() }
    }

    @Test func flowsTakeTurns() {
        var round = Round()
        for number in 1...4 { self.put("a\(number)", into: "a", &round) }
        self.put("b1", into: "b", &round)
        self.put("c1", into: "c", &round)
        self.put("c2", into: "c", &round)
        #expect(round.count == 7 && round.flowCount == 3)
        same(self.pop(7, &round), ["a1", "b1", "c1", "a2", "c2", "a3", "a4"])
        #expect(round.isEmpty && round.flowCount == 0)
        same(round.popFirst(), nil)
        same(round.headCost(), nil)
    }

    @Test func newcomerWaitsForOneElementOfEachOther() {
        var round = Round()
        for number in 1...1000 { self.put("a\(number)", into: "a", &round) }
        same(self.pop(10, &round).last, "a10")
        self.put("b1", into: "b", &round)
        holds(self.pop(2, &round).contains("b1"))
    }

    /// Ten recipients cost ten times as much as one.
    @Test func costDecidesHowOften() {
        var round = Round()
        for number in 1...100 {
            self.put("large\(number)", cost: 10, into: "large", &round)
            self.put("small\(number)", cost: 1, into: "small", &round)
        }
        let first = self.pop(55, &round)
        #expect(first.count { $0.hasPrefix("large") } == 5)
        #expect(first.count { $0.hasPrefix("small") } == 50)
        // And evenly, not all at the end.
        #expect(first.prefix(22).count { $0.hasPrefix("large") } == 2)
    }

    @Test func dearElementsGoOneAfterTheOtherWhereNothingElseWaits() {
        var round = Round()
        for flow in ["a", "b", "c"] {
            for number in 1...2 { self.put("\(flow)\(number)", cost: 1_000_000_000, into: flow, &round) }
        }
        same(self.pop(6, &round), ["a1", "b1", "c1", "a2", "b2", "c2"])
    }

    /// A flow that is empty loses what it has saved up, and what it owes.
    @Test func nothingIsSavedUpWhileNothingWaits() {
        var round = Round()
        self.put("a1", cost: 50, into: "a", &round)
        self.put("b1", into: "b", &round)
        same(self.pop(2, &round), ["b1", "a1"])
        for number in 2...4 {
            self.put("a\(number)", into: "a", &round)
            self.put("b\(number)", into: "b", &round)
        }
        same(self.pop(6, &round), ["a2", "b2", "a3", "b3", "a4", "b4"])
    }

    @Test func whatIsPutBackIsNext() {
        var round = Round()
        for number in 1...3 {
            self.put("a\(number)", into: "a", &round)
            self.put("b\(number)", cost: 5, into: "b", &round)
        }
        same(round.popFirst(), "a1")
        same(round.popFirst(), "a2")
        self.put("b0", cost: 5, into: "b", isNext: true, &round)
        same(round.popFirst(), "b0")
        // Of a flow that had nothing left likewise.
        self.put("c0", cost: 7, into: "c", isNext: true, &round)
        same(round.popFirst(), "c0")
        #expect(round.count == 4)
    }

    @Test func roundsInRounds() {
        var accounts = DeficitRound<String, Round>()
        func put(_ element: String, account: String, campaign: String) {
            accounts.insert(into: account) { campaigns in
                campaigns.insert(into: campaign) { $0.insert(element, cost: 1, octets: 3, isNext: false) }
            }
        }
        for number in 1...3 {
            put("a-x\(number)", account: "a", campaign: "x")
            put("a-y\(number)", account: "a", campaign: "y")
        }
        put("b-z1", account: "b", campaign: "z")
        put("b-z2", account: "b", campaign: "z")
        #expect(accounts.octets == 24 && accounts.waiting(of: "a").count == 6 && accounts.waiting(of: "c").count == 0)
        var order: [String] = []
        while let next = accounts.popFirst() { order.append(next) }
        // The second campaign of an account takes nothing from another account.
        same(order, ["a-x1", "b-z1", "a-y1", "b-z2", "a-x2", "a-y2", "a-x3", "a-y3"])
        #expect(accounts.octets == 0)
    }

    @Test func whatIsTakenOutLeavesTheOrder() {
        var round = Round()
        for number in 1...4 { self.put("a\(number)", octets: 10, into: "a", &round) }
        for number in 1...2 { self.put("b\(number)", octets: 1, into: "b", &round) }
        same(round.popFirst(), "a1")
        var removed: [String] = []
        round.removeAll(where: { $0 == "a2" || $0.hasPrefix("b") }, into: &removed)
        same(removed.sorted(), ["a2", "b1", "b2"])
        #expect(round.count == 2 && round.octets == 20 && round.flowCount == 1)
        same(self.pop(2, &round), ["a3", "a4"])
    }

    /// Whatever comes and goes: nothing is lost, and over a long time flows that always have something get the same.
    @Test func storm() {
        var round = Round()
        var random = SplitMix(state: 3)
        var waiting: Set<String> = []
        var spent: [String: Int] = [:]
        var number = 0
        for _ in 0..<20_000 {
            for flow in ["a", "b", "c"] where round.waiting(of: flow).count < 5 {
                number += 1
                let cost = Int(random.next() % (flow == "a" ? 50 : 3)) + 1
                self.put("\(flow)/\(cost)/\(number)", cost: cost, into: flow, &round)
                waiting.insert("\(flow)/\(cost)/\(number)")
            }
            guard let next = round.popFirst() else {
                Issue.record("nothing came")
                return
            }
            #expect(waiting.remove(next) != nil)
            let parts = next.split(separator: "/")
            spent[String(parts[0]), default: 0] += Int(parts[1]) ?? 0
        }
        #expect(round.count == waiting.count)
        let (least, most) = (spent.values.min() ?? 0, spent.values.max() ?? 0)
        #expect(most - least <= 100, "\(spent)")
    }
}
