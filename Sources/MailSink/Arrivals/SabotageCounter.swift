import Synchronization

/// Counts messages over all connections, so that one in so many is chosen.
final class SabotageCounter: Sendable {
    private let sabotage: Sabotage
    private let count = Atomic<Int>(0)

    init(_ sabotage: Sabotage) {
        self.sabotage = sabotage
    }

    /// What to do to the next message.
    func next() -> Sabotage.Kind? {
        count.wrappingAdd(1, ordering: .relaxed).newValue.isMultiple(of: sabotage.every) ? sabotage.kind : nil
    }
}
