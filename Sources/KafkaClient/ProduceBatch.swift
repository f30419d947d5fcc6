import CRdKafka
import Synchronization

/// The records of one produce call, waiting for their delivery reports.
///
/// librdkafka carries a ``Slot`` of it with every record, so reports find their call without a look-up table.
final class ProduceBatch: Sendable {
    /// What one record's report is for. Retained when the record is handed to librdkafka, released by its report.
    final class Slot: Sendable {
        let batch: ProduceBatch
        let index: Int
        let bytes: Int

        init(batch: ProduceBatch, index: Int, bytes: Int) {
            self.batch = batch
            self.index = index
            self.bytes = bytes
        }
    }

    private struct State {
        var positions: [KafkaPosition?]
        var open: Int
        var error: KafkaError?
        var continuation: CheckedContinuation<[KafkaPosition], any Error>?
    }

    private let state: Mutex<State>

    init(count: Int) {
        self.state = Mutex(State(positions: Array(repeating: nil, count: count), open: count))
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
