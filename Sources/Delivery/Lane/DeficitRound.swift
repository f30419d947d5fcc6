internal import DequeModule

/// Deficit round robin over flows (Shreedhar and Varghese, 1995): each flow may spend so much a round, and what an element costs more than
/// that is saved up for. A flow with ten thousand elements delays another's next one by one element of its own; one whose elements cost
/// fifty times as much gets one off for fifty of the other's.
///
/// A flow is a queue itself, and may be another round: accounts, and in each account campaigns.
package struct DeficitRound<Flow: Hashable & Sendable, Queue: CostedQueue>: CostedQueue {
    private struct State {
        var queue = Queue()
        /// What it may spend.
        var deficit = 0
    }

    /// What a flow may spend more in each round.
    private static var quantum: Int { 1 }

    private var flows: [Flow: State] = [:]
    /// Flows that have something waiting, the one whose turn it is first.
    private var turns: Deque<Flow> = []
    /// Whether that one has been given what it may spend in this round.
    private var isGranted = false

    package private(set) var count = 0
    package private(set) var octets = 0

    package init() {}

    /// How many flows have something waiting.
    package var flowCount: Int { self.turns.count }

    /// What one flow has waiting.
    package func waiting(of flow: Flow) -> (count: Int, octets: Int) {
        self.flows[flow].map { ($0.queue.count, $0.queue.octets) } ?? (0, 0)
    }

    /// Puts something into a flow.
    ///
    /// - Parameters:
    ///   - isNext: whether it goes before everything, for it has had its turn before: nothing is charged for it.
    ///   - insertion: adds one element or more to the flow's queue.
    package mutating func insert(into flow: Flow, isNext: Bool = false, _ insertion: (inout Queue) -> Void) {
        var state = self.flows.removeValue(forKey: flow) ?? State()
        let wasEmpty = state.queue.isEmpty
        let octets = state.queue.octets
        let count = state.queue.count
        insertion(&state.queue)
        self.count += state.queue.count - count
        self.octets += state.queue.octets - octets
        if isNext {
            if !wasEmpty { self.turns.removeAll { $0 == flow } }
            self.turns.prepend(flow)
            self.isGranted = true
            state.deficit = max(state.deficit, 0) + (state.queue.headCost() ?? 0)
        } else if wasEmpty, !state.queue.isEmpty {
            if self.turns.isEmpty { self.isGranted = false }
            self.turns.append(flow)
        }
        self.flows[flow] = state
    }

    package mutating func headCost() -> Int? {
        guard let flow = self.select() else { return nil }
        return self.flows[flow]?.queue.headCost()
    }

    package mutating func popFirst() -> Queue.Element? {
        guard let flow = self.select(), var state = self.flows.removeValue(forKey: flow) else { return nil }
        let octets = state.queue.octets
        state.deficit -= state.queue.headCost() ?? 0
        let element = state.queue.popFirst()
        self.count -= 1
        self.octets += state.queue.octets - octets
        if state.queue.isEmpty {
            // What it has saved up it loses: a flow that comes now and then does not gather credit.
            self.turns.removeFirst()
            self.isGranted = false
        } else {
            self.flows[flow] = state
        }
        return element
    }

    package mutating func removeAll(where shouldRemove: (Queue.Element) -> Bool, into removed: inout [Queue.Element]) {
        let before = removed.count
        let first = self.turns.first
        for flow in self.turns {
            guard var state = self.flows.removeValue(forKey: flow) else { continue }
            let octets = state.queue.octets
            state.queue.removeAll(where: shouldRemove, into: &removed)
            self.octets += state.queue.octets - octets
            if !state.queue.isEmpty { self.flows[flow] = state }
        }
        guard removed.count > before else { return }
        self.count -= removed.count - before
        let flows = self.flows
        self.turns.removeAll { flows[$0] == nil }
        if self.turns.first != first { self.isGranted = false }
    }

    /// Turns the round to the flow that may spend what its next element costs.
    private mutating func select() -> Flow? {
        var passed = 0
        while let flow = self.turns.first {
            if !self.isGranted {
                self.flows[flow]?.deficit += Self.quantum
                self.isGranted = true
            }
            guard let cost = self.flows[flow]?.queue.headCost(), let deficit = self.flows[flow]?.deficit else { return nil }
            if cost <= deficit { return flow }
            self.turns.removeFirst()
            self.turns.append(flow)
            self.isGranted = false
            passed += 1
            if passed == self.turns.count {
                self.skipRounds()
                passed = 0
            }
        }
        return nil
    }

    /// Nobody could spend anything in a whole round: as many rounds at once as the nearest still lacks, but for the last.
    private mutating func skipRounds() {
        var nearest = Int.max
        for flow in self.turns {
            guard let cost = self.flows[flow]?.queue.headCost(), let deficit = self.flows[flow]?.deficit else { continue }
            nearest = min(nearest, (cost - deficit + Self.quantum - 1) / Self.quantum)
        }
        guard nearest > 1, nearest < Int.max else { return }
        for flow in self.turns { self.flows[flow]?.deficit += (nearest - 1) * Self.quantum }
    }
}
