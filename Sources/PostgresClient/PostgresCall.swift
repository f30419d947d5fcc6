internal import Synchronization

/// Something that a task waits for: a connection of its own for a while, or the results of statements.
final class PostgresCall: Sendable {
    enum Work: Sendable {
        /// A connection until it is released.
        case lease
        /// Statements on the connection leased.
        case run(on: Int, [EncodedStatement])
        /// Statements on whichever connection is free.
        case once([EncodedStatement])
    }

    enum Answer: Sendable {
        case lease(Int)
        case results([PostgresResult])
    }

    private struct State {
        var continuation: CheckedContinuation<Answer, any Error>?
        var isCancelled = false
        var isFinished = false
    }

    let number: Int
    let work: Work
    /// How long the statements may take, from the moment that they are sent.
    let timeout: Duration
    private let state = Mutex(State())

    init(number: Int, work: Work, timeout: Duration) {
        self.number = number
        self.work = work
        self.timeout = timeout
    }

    /// The bytes that it holds while it waits.
    var byteCount: Int {
        switch self.work {
        case .lease: 0
        case .run(_, let statements), .once(let statements): statements.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// Whether the task that waits was cancelled.
    var isCancelled: Bool { self.state.withLock { $0.isCancelled } }

    func cancel() {
        self.state.withLock { $0.isCancelled = true }
    }

    func begin(_ continuation: CheckedContinuation<Answer, any Error>) {
        self.state.withLock { $0.continuation = continuation }
    }

    /// Ends the wait; only the first does.
    ///
    /// - Returns: whether it was the first.
    @discardableResult
    func finish(_ result: Result<Answer, any Error>) -> Bool {
        let continuation = self.state.withLock { state in
            defer {
                state.isFinished = true
                state.continuation = nil
            }
            return state.isFinished ? nil : state.continuation
        }
        guard let continuation else { return false }
        continuation.resume(with: result)
        return true
    }
}
