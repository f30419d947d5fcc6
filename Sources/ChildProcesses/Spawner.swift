import ApusCore
import Dispatch
import Synchronization

/// The thread that starts children. PR_SET_PDEATHSIG fires when the *thread* that made the child ends, and threads of pools do:
/// this one lives as long as the process.
final class Spawner: Sendable {
    static let shared = Spawner()

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let wake = DispatchSemaphore(value: 0)

    private init() {
        let started = OwnedThread.start { [self] in
            while true {
                self.wake.wait()
                self.jobs.withLock { $0.removeFirst() }()
            }
        }
        precondition(started, "no thread for starting children")
    }

    /// Runs `body` on the thread.
    func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.jobs.withLock { $0.append { continuation.resume(with: Result { try body() }) } }
            self.wake.signal()
        }
    }
}
