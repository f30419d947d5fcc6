internal import Synchronization

/// Wakes those who wait for the change feed to pass a position.
final class ChangeWaiters: Sendable {
    private struct Waiter {
        let position: Int64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var latest: Int64
        var isClosed = false
        var nextID = 0
        var waiters: [Int: Waiter] = [:]
        /// Waits cancelled before they began.
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    init(latest: Int64) {
        self.state = Mutex(State(latest: latest))
    }

    /// Notes that the feed reaches `position`.
    func advance(to position: Int64) {
        let due = self.state.withLock { state in
            state.latest = max(state.latest, position)
            let due = state.waiters.filter { $0.value.position < state.latest }
            for id in due.keys { state.waiters[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume(returning: true) }
    }

    /// Ends every wait, now and later.
    func close() {
        let all = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.continuation)
        }
        for continuation in all { continuation.resume(returning: false) }
    }

    /// Waits until the feed is past `position`, the task is cancelled or ``close()`` is called.
    func wait(past position: Int64) async {
        let id = self.state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            _ = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let isDue = self.state.withLock { state in
                    let wasCancelled = state.cancelled.remove(id) != nil
                    guard !wasCancelled, !state.isClosed, state.latest <= position else { return true }
                    state.waiters[id] = Waiter(position: position, continuation: continuation)
                    return false
                }
                if isDue { continuation.resume(returning: true) }
            }
            self.state.withLock { _ = $0.cancelled.remove(id) }
        } onCancel: {
            let waiter = self.state.withLock { state in
                guard let waiter = state.waiters.removeValue(forKey: id) else {
                    state.cancelled.insert(id)
                    return nil as Waiter?
                }
                return waiter
            }
            waiter?.continuation.resume(returning: false)
        }
        // The handler may run after the wait is over; what it left behind is taken out here or above, whichever comes last.
        self.state.withLock { _ = $0.cancelled.remove(id) }
    }
}
