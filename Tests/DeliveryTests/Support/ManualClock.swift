import ApusCore
import Delivery
import Synchronization

/// A clock that a test moves.
final class ManualClock: DeliveryClock {
    private struct Sleeper {
        var until: UnixMilliseconds
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: UnixMilliseconds
        var sleepers: [Int: Sleeper] = [:]
        var next = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(_ now: UnixMilliseconds = UnixMilliseconds(1_800_000_000_000)) {
        self.state = Mutex(State(now: now))
    }

    func now() -> UnixMilliseconds { self.state.withLock { $0.now } }

    func sleep(for duration: Duration) async throws {
        let number = self.state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (watchers, isCancelled) = self.state.withLock { state -> ([CheckedContinuation<Void, Never>], Bool) in
                    if Task.isCancelled { return ([], true) }
                    state.sleepers[number] = Sleeper(until: state.now + duration, continuation: continuation)
                    let count = state.sleepers.count
                    let met = state.watchers.filter { $0.count <= count }
                    state.watchers.removeAll { $0.count <= count }
                    return (met.map(\.continuation), false)
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            self.state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until so many sleep.
    func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isMet = self.state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    /// Moves the time and wakes those whose time has come.
    func advance(by duration: Duration) {
        let woken = self.state.withLock { state in
            state.now = state.now + duration
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }
}
