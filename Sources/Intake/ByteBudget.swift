internal import Synchronization

/// A bound on the bytes that messages and requests under way may hold together, so that many large ones at once are refused instead of
/// taking the process down.
package final class ByteBudget: Sendable {
    /// The most bytes at a time.
    package let limit: Int
    private let held = Mutex(0)

    /// - Parameter limit: at least as much as one message of the largest size needs.
    package init(limit: Int) {
        self.limit = limit
    }

    /// What is held now.
    package var used: Int { self.held.withLock { $0 } }

    /// Takes bytes from the budget, all or none, without waiting.
    ///
    /// - Returns: false when they are not there; the caller refuses what it was asked to do.
    package func reserve(_ bytes: Int) -> Bool {
        self.held.withLock { held in
            guard bytes <= self.limit - held else { return false }
            held += bytes
            return true
        }
    }

    /// Gives back what ``reserve(_:)`` took.
    package func release(_ bytes: Int) {
        self.held.withLock { $0 -= bytes }
    }
}
