import Synchronization

/// The records of one produce call, waiting for their delivery reports.
///
/// It keeps the records until they are reported, so that they can be sent again by another client of the library.
final class ProduceBatch: Sendable {
    private struct State {
        var positions: [KafkaPosition?]
        var open: Int
        var error: KafkaError?
        var continuation: CheckedContinuation<[KafkaPosition], any Error>?
    }

    let messages: [KafkaMessage]
    /// When it is too late to send a record once more.
    let deadline: ContinuousClock.Instant
    private let state: Mutex<State>

    init(_ messages: [KafkaMessage], deadline: ContinuousClock.Instant) {
        self.messages = messages
        self.deadline = deadline
        self.state = Mutex(State(positions: Array(repeating: nil, count: messages.count), open: messages.count))
    }

    /// Waits until every record has its report.
    func wait() async throws -> [KafkaPosition] {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<[KafkaPosition], any Error>? = self.state.withLock { state in
                guard state.open > 0 else { return Self.result(state) }
                state.continuation = continuation
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Takes one record's report.
    func report(_ index: Int, _ result: Result<KafkaPosition, KafkaError>) {
        let resume: (CheckedContinuation<[KafkaPosition], any Error>, Result<[KafkaPosition], any Error>)? = self.state.withLock { state in
            switch result {
            case .success(let position): state.positions[index] = position
            case .failure(let error): state.error = state.error ?? error
            }
            state.open -= 1
            guard state.open == 0, let continuation = state.continuation else { return nil }
            state.continuation = nil
            return (continuation, Self.result(state))
        }
        if let (continuation, result) = resume { continuation.resume(with: result) }
    }

    private static func result(_ state: State) -> Result<[KafkaPosition], any Error> {
        if let error = state.error { return .failure(error) }
        return .success(state.positions.compactMap { $0 })
    }
}
