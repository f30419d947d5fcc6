import Dispatch
import Synchronization

/// The writer's answer to a thread that waits for a sync.
final class SyncAnswer: Sendable {
    private let isDone = Mutex(false)
    private let given = DispatchSemaphore(value: 0)

    /// Gives the answer, once.
    func give(isDone: Bool) {
        self.isDone.withLock { $0 = isDone }
        self.given.signal()
    }

    /// Waits for the answer.
    ///
    /// - Returns: whether the sync succeeded.
    func wait() -> Bool {
        self.given.wait()
        return self.isDone.withLock { $0 }
    }
}
