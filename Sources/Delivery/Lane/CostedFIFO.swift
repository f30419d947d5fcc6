internal import DequeModule

/// First in, first out.
package struct CostedFIFO<Element: Sendable>: CostedQueue {
    private struct Entry {
        var element: Element
        var cost: Int
        var octets: Int
    }

    private var entries: Deque<Entry> = []
    package private(set) var octets = 0

    package init() {}

    package var count: Int { self.entries.count }

    package func headCost() -> Int? { self.entries.first?.cost }

    /// - Parameters:
    ///   - cost: at least 1.
    ///   - octets: of the element.
    ///   - isNext: whether it goes before all others.
    package mutating func insert(_ element: Element, cost: Int, octets: Int, isNext: Bool) {
        let entry = Entry(element: element, cost: max(cost, 1), octets: octets)
        if isNext { self.entries.prepend(entry) } else { self.entries.append(entry) }
        self.octets += octets
    }

    package mutating func popFirst() -> Element? {
        guard let entry = self.entries.popFirst() else { return nil }
        self.octets -= entry.octets
        return entry.element
    }

    package mutating func removeAll(where shouldRemove: (Element) -> Bool, into removed: inout [Element]) {
        var rest: Deque<Entry> = []
        let before = removed.count
        for entry in self.entries {
            if shouldRemove(entry.element) {
                removed.append(entry.element)
                self.octets -= entry.octets
            } else {
                rest.append(entry)
            }
        }
        if removed.count > before { self.entries = rest }
    }
}
