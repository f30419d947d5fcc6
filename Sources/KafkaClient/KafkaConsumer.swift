import ApusCore
import CRdKafka
import DequeModule
import NIOCore
import Synchronization

/// A consumer on a thread of its own: a member of a group, or a plain reader of given partitions.
///
/// The thread blocks in librdkafka until there is data or a command, fills one batch ahead of its reader, and keeps serving
/// rebalances while nobody reads: after ``stallLimit`` without a reader it pauses its partitions and goes on polling.
package final class KafkaConsumer: Sendable {
    /// What the consumer reads.
    package enum Subscription: Sendable {
        /// As a member of a group: the topics, and what is told of partitions that come and go.
        case group(name: String, topics: [String], rebalance: @Sendable (KafkaRebalance) async -> Void)
        /// Partitions at offsets, without a group.
        case partitions([KafkaPartition: Int64])
    }

    /// How long a full batch may wait for its reader before partitions are paused so that polling can go on.
    static let stallLimit = Duration.seconds(5)

    let core: KafkaConsumerCore

    /// Starts a consumer.
    ///
    /// - Parameters:
    ///   - configuration: the brokers.
    ///   - subscription: what to read.
    ///   - maximumRecords: of one batch.
    ///   - maximumBytes: of one batch; a batch holds at least one record.
    /// - Throws: ``KafkaError`` when the configuration does not fit.
    package init(_ configuration: KafkaConfiguration, _ subscription: Subscription, maximumRecords: Int, maximumBytes: Int) throws {
        self.core = try KafkaConsumerCore(configuration, subscription, maximumRecords: maximumRecords, maximumBytes: maximumBytes)
        try self.core.start()
    }

    /// The next records, waiting for some; nil after ``close()`` and for a cancelled task.
    package func nextBatch() async throws -> [KafkaRecord]? {
        let call = self.core.beginCall()
        return try await withTaskCancellationHandler {
            try await self.core.nextBatch(call: call)
        } onCancel: {
            self.core.cancel(call: call)
        }
    }

    /// Commits offsets, each the first that is not done, and waits for the group's coordinator. Lower offsets than committed before
    /// are left out.
    package func commit(_ offsets: [KafkaPartition: Int64]) async throws {
        try await self.core.perform { consumer in try consumer.commit(offsets) }
    }

    /// Stops reading partitions until ``resume(_:)``.
    package func pause(_ partitions: [KafkaPartition]) async throws {
        try await self.core.perform { consumer in consumer.setPaused(partitions, true) }
    }

    /// Ends a ``pause(_:)``.
    package func resume(_ partitions: [KafkaPartition]) async throws {
        try await self.core.perform { consumer in consumer.setPaused(partitions, false) }
    }

    /// Moves a partition's reading position.
    package func seek(_ partition: KafkaPartition, to offset: Int64) async throws {
        try await self.core.perform { consumer in try consumer.seek(partition, to: offset) }
    }

    /// Whether ``close()`` has finished.
    package var isClosed: Bool { self.core.isClosed }

    /// Leaves the group, after the rebalance handler has let go of the partitions. Idempotent.
    package func close() async {
        await self.core.close()
    }
}
