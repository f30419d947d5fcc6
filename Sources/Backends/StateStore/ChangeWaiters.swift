internal import Synchronization

/// Wakes those who wait for the change feed to pass a position.
package final class ChangeWaiters: Sendable {
    private struct Waiter {
        let position: Int64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var latest: Int64
        /// Grows with every advance.
        var advances = 0
        var isClosed = false
        var nextID = 0
        var waiters: [Int: Waiter] = [:]
        /// Waits cancelled before they began.
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    /// - Parameter latest: the position that the feed reaches now.
    package init(latest: Int64) {
        self.state = Mutex(State(latest: latest))
    }

    /// Notes that the feed reaches `position`.
    package func advance(to position: Int64) {
        let due = self.state.withLock { state in
            state.latest = max(state.latest, position)
            state.advances += 1
            let due = state.waiters.filter { $0.value.position < state.latest }
            for id in due.keys { state.waiters[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume(returning: true) }
    }

    /// Whether the feed is known to be past `position`.
    package func isPast(_ position: Int64) -> Bool { self.state.withLock { $0.latest > position } }

    /// What to give ``correct(to:since:)`` after reading the position.
    package var mark: Int { self.state.withLock { $0.advances } }

    /// Notes that the feed reaches no further than `position`, though more was known: the store went back to an older copy.
    ///
    /// - Parameter mark: from before the position was read; when there was an advance since, this is no news.
    package func correct(to position: Int64, since mark: Int) {
        self.state.withLock { state in
            guard state.advances == mark else { return }
            state.latest = min(state.latest, position)
        }
    }

    /// Ends every wait of now, for those who wait to look by themselves.
    package func wakeAll() {
        let all = self.state.withLock { state in
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.continuation)
        }
        for continuation in all { continuation.resume(returning: true) }
    }

    /// Ends every wait, now and later.
    package func close() {
        let all = self.state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.continuation)
        }
        for continuation in all { continuation.resume(returning: false) }
    }

    /// Waits until the feed is past `position`, the task is cancelled, or ``wakeAll()`` or ``close()`` is called.
    package func wait(past position: Int64) async {
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
