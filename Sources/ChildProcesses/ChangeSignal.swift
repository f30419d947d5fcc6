import Synchronization

/// Wakes those who wait for a state to become so; the state itself lies elsewhere.
package final class ChangeSignal: Sendable {
    private struct State {
        var next = 0
        var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Says that something has changed.
    package func raise() {
        for waiter in self.state.withLock({ Array($0.waiters.values) }) { waiter.yield() }
    }

    /// Waits until `condition` gives something; asks at once and after every ``raise()``.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    package func first<Value: Sendable>(_ condition: () throws -> Value?) async throws -> Value {
        // Newest one: a raise between asking and waiting is kept, several count as one.
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = self.state.withLock { state in
            state.next += 1
            state.waiters[state.next] = continuation
            return state.next
        }
        defer { self.state.withLock { _ = $0.waiters.removeValue(forKey: number) } }
        if let value = try condition() { return value }
        for await _ in changes {
            if let value = try condition() { return value }
        }
        throw CancellationError()
    }

    /// Waits until `condition` holds.
    package func until(_ condition: () throws -> Bool) async throws {
        _ = try await self.first { try condition() ? true : nil }
    }
}
