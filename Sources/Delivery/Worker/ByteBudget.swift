internal import DequeModule
internal import Synchronization

/// A number of bytes that many share; those for whom there is no room wait in their order.
package final class ByteBudget: Sendable {
    private struct Waiter {
        var octets: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var waiters: Deque<Waiter> = []
        var isClosed = false
    }

    private let limit: Int
    private let state: Mutex<State>

    /// - Parameter octets: of all together.
    package init(octets: Int) {
        self.limit = max(octets, 1)
        self.state = Mutex(State(free: self.limit))
    }

    /// How many wait for room.
    package var waiting: Int { self.state.withLock { $0.waiters.count } }

    /// Waits for room. A single demand above the whole budget gets all of it.
    ///
    /// - Returns: false, having taken nothing, when the budget was closed.
    package func take(_ octets: Int) async -> Bool {
        let octets = min(octets, self.limit)
        return await withCheckedContinuation { continuation in
            let answer: Bool? = self.state.withLock { state in
                if state.isClosed { return false }
                guard state.waiters.isEmpty, octets <= state.free else {
                    state.waiters.append(Waiter(octets: octets, continuation: continuation))
                    return nil
                }
                state.free -= octets
                return true
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Gives back what ``take(_:)`` gave for the same demand.
    package func giveBack(_ octets: Int) {
        let admitted = self.state.withLock { state in
            state.free += min(octets, self.limit)
            var admitted: [Waiter] = []
            while let first = state.waiters.first, first.octets <= state.free {
                state.free -= first.octets
                admitted.append(state.waiters.removeFirst())
            }
            return admitted
        }
        for waiter in admitted { waiter.continuation.resume(returning: true) }
    }

    /// Turns away those who wait, and all who come.
    package func close() {
        let waiters = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: false) }
    }
}
