internal import ApusCore
package import Backends
internal import Synchronization

/// A bus that keeps what is produced, for tests of producers. Groups commit nothing on it, and nobody can subscribe.
package final class RecordingBus: MessageBus {
    private struct State {
        var batches: [[OutgoingRecord]] = []
        var failure: BusError?
    }

    private let state = Mutex(State())

    package init() {}

    /// What was produced, call by call.
    package var batches: [[OutgoingRecord]] { self.state.withLock { $0.batches } }

    /// Everything that was produced to a topic, in order.
    package func records(_ topic: String) -> [OutgoingRecord] {
        self.batches.flatMap { $0 }.filter { $0.topic == topic }
    }

    /// Makes every produce fail with this error, until nil is given.
    package func fail(with error: BusError?) {
        self.state.withLock { $0.failure = error }
    }

    package func ensureTopics(_ topics: [TopicDefinition]) async throws {}

    @discardableResult
    package func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition] {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            state.batches.append(records)
            return records.enumerated().map { index, record in
                RecordPosition(topicPartition: TopicPartition(topic: record.topic, partition: 0), offset: Int64(index))
            }
        }
    }

    package func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        throw BusError(.invalidArgument, "this bus only records")
    }

    package func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader {
        guard !follow else { throw BusError(.invalidArgument, "this bus cannot be followed") }
        return RecordedReader(
            self.records(topic).enumerated().map { offset, record in
                BusRecord(
                    position: RecordPosition(topicPartition: TopicPartition(topic: topic, partition: 0), offset: Int64(offset)),
                    appendedAt: UnixMilliseconds(0), key: record.key, value: record.value)
            })
    }

    package func positions(topic: String, group: String?) async throws -> [PartitionPositions] { [] }

    package func close() async {}
}
