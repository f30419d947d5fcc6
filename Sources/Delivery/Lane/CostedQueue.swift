/// A queue that knows what its next element costs, so that queues of queues can share fairly.
package protocol CostedQueue: Sendable {
    associatedtype Element: Sendable

    init()

    var count: Int { get }
    /// Of all elements together.
    var octets: Int { get }
    /// What the next element costs, at least 1; nil when there is none.
    mutating func headCost() -> Int?
    mutating func popFirst() -> Element?
    /// Takes out every element that fits and appends it to `removed`; each is asked about once.
    mutating func removeAll(where shouldRemove: (Element) -> Bool, into removed: inout [Element])
}

extension CostedQueue {
    package var isEmpty: Bool { self.count == 0 }
}
