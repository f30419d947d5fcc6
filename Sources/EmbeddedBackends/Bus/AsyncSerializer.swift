import DequeModule
import Synchronization

/// Runs async bodies one after the other, in the order of their calls.
final class AsyncSerializer: Sendable {
    private struct State {
        var isBusy = false
        var waiting: Deque<CheckedContinuation<Void, Never>> = []
    }

    private let state = Mutex(State())

    /// Runs `body` when all earlier ones have returned.
    func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
        await withCheckedContinuation { continuation in
            let mayRun = self.state.withLock { state in
                if state.isBusy {
                    state.waiting.append(continuation)
                    return false
                }
                state.isBusy = true
                return true
            }
            if mayRun { continuation.resume() }
        }
        defer {
            let next = self.state.withLock { state in
                let next = state.waiting.popFirst()
                state.isBusy = next != nil
                return next
            }
            next?.resume()
        }
        return try await body()
    }
}
