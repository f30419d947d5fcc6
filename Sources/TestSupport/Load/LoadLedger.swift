import ChildProcesses
import Synchronization

/// What a load's calls came to, by the load id of each message. Every call ends up in exactly one of the three.
package final class LoadLedger: Sendable {
    package struct Contents: Sendable {
        /// Load id to MessageId: the service answered 200, the message is its responsibility.
        package var answered: [String: String] = [:]
        /// Load id to the error.
        package var refused: [String: String] = [:]
        /// Calls without an answer: not known to be accepted.
        package var unanswered: Set<String> = []
        package var started = 0
    }

    private let state = Mutex(Contents())
    private let changed = ChangeSignal()

    package init() {}

    package var contents: Contents { self.state.withLock { $0 } }
    package var answeredCount: Int { self.state.withLock { $0.answered.count } }

    /// A new load id, unique in this ledger.
    func next() -> String {
        self.state.withLock { state in
            state.started += 1
            return "load-\(state.started)"
        }
    }

    /// Notes the outcome of calls.
    package func record(_ change: (inout Contents) -> Void) {
        self.state.withLock { change(&$0) }
        self.changed.raise()
    }

    /// Waits until so many calls were answered.
    package func untilAnswered(_ count: Int, within limit: Duration) async throws {
        try await ChildProcesses.within(limit, "\(count) answered calls") { [self] in
            try await self.changed.until { self.answeredCount >= count }
        }
    }
}
