import Synchronization

/// Counts from any thread.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { self.count.load(ordering: .relaxed) }

    func up() {
        self.count.add(1, ordering: .relaxed)
    }
}
