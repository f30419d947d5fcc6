import Backends
import KafkaClient

extension BusError {
    /// What a Kafka error means to the bus's callers.
    init(_ error: KafkaError) {
        let code: Code =
            if error.isUnknownTopic {
                .unknownTopic
            } else if error.isTooLarge {
                .recordTooLarge
            } else if error.isNotOwner {
                .notOwner
            } else if error.isOffsetLost {
                .offsetsLost
            } else if error.isClosed || error.isFatal {
                .closed
            } else {
                .unavailable
            }
        self.init(code, error.message, cause: error)
    }

    /// Runs `body` with its Kafka errors as errors of the bus.
    static func translating<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as KafkaError {
            throw BusError(error)
        }
    }
}
