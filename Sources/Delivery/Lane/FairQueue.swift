internal import DequeModule

/// A queue that is first in, first out for each owner and gives the owners turns: one with ten thousand waiting delays another's
/// next one by one place only.
struct FairQueue<Owner: Hashable & Sendable, Element: Sendable>: Sendable {
    private var queues: [Owner: Deque<Element>] = [:]
    /// Owners that have something waiting, the next one first.
    private var turns: Deque<Owner> = []

    private(set) var count = 0

    var isEmpty: Bool { self.count == 0 }

    mutating func append(_ element: Element, owner: Owner) {
        if self.queues[owner]?.append(element) == nil {
            self.queues[owner] = [element]
            self.turns.append(owner)
        }
        self.count += 1
    }

    /// Puts an element back to where it is the next one.
    mutating func prepend(_ element: Element, owner: Owner) {
        if self.queues[owner]?.prepend(element) == nil {
            self.queues[owner] = [element]
            self.turns.prepend(owner)
        } else if self.turns.first != owner, let index = self.turns.firstIndex(of: owner) {
            self.turns.remove(at: index)
            self.turns.prepend(owner)
        }
        self.count += 1
    }

    mutating func popFirst() -> Element? {
        guard let owner = self.turns.popFirst() else { return nil }
        let element = self.queues[owner]?.popFirst()
        if self.queues[owner]?.isEmpty ?? true {
            self.queues[owner] = nil
        } else {
            self.turns.append(owner)
        }
        self.count -= 1
        return element
    }

    /// Takes out every element that fits, in order within each owner. Each is asked about once.
    mutating func removeAll(where shouldRemove: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        for owner in self.turns {
            guard let queue = self.queues[owner] else { continue }
            let before = removed.count
            var rest: Deque<Element> = []
            for element in queue {
                if shouldRemove(element) { removed.append(element) } else { rest.append(element) }
            }
            if removed.count > before { self.queues[owner] = rest.isEmpty ? nil : rest }
        }
        if !removed.isEmpty {
            self.turns.removeAll { self.queues[$0] == nil }
            self.count -= removed.count
        }
        return removed
    }
}
