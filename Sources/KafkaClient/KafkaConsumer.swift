import ApusCore
import NIOCore

/// A consumer on a thread of its own: a member of a group, or a plain reader of given partitions.
///
/// The thread waits until the library, a caller or a time limit has something for it, and never inside the library: records and the
/// group's affairs come on two queues, so a reader that takes its time holds up records only. Rebalances are carried out on that thread;
/// what its owner does in one runs in ``serveRebalances(_:)``, which belongs to a task of the owner's.
package final class KafkaConsumer: Sendable {
    /// What the consumer reads.
    package enum Subscription: Sendable {
        /// As a member of a group.
        ///
        /// `keepsAll`: nothing that the group has not committed is ever deleted from these topics. A partition in which the group has
        /// no offset although its log does not start at 0, or whose offset lies outside its log, is then not read, and
        /// ``KafkaConsumer/nextBatch()`` says so once; without it reading starts at the oldest record.
        case group(name: String, topics: [String], keepsAll: Bool)
        /// Partitions at offsets, without a group.
        case partitions([KafkaPartition: Int64])
    }

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

    /// Runs `handler` for every change of a group's partitions, one after the other, until the consumer is closed.
    ///
    /// Of a member of a group somebody must call this: a change waits for its handler, at most for the drain time.
    package func serveRebalances(_ handler: (KafkaRebalance) async -> Void) async {
        while let change = await self.core.nextRebalance() {
            await handler(change.rebalance)
            self.core.finishRebalance(change.number)
        }
    }

    /// Waits until the group has given this member its first share, which may be empty, and its handler has returned.
    ///
    /// - Returns: false when the consumer was closed, or the task cancelled, before.
    /// - Throws: ``KafkaError`` when the brokers will not have it; that they are away is waited for.
    package func waitUntilJoined() async throws -> Bool {
        let call = self.core.beginCall()
        return try await withTaskCancellationHandler {
            try await self.core.waitUntilJoined(call: call)
        } onCancel: {
            self.core.cancel(call: call)
        }
    }

    /// The next records, waiting for some; nil after ``close()`` and for a cancelled task.
    ///
    /// - Throws: ``KafkaError``: a partition that cannot be read (told once, the others go on), or what has ended the consumer
    ///   (``KafkaError/isFatal``, told always).
    package func nextBatch() async throws -> [KafkaRecord]? {
        let call = self.core.beginCall()
        return try await withTaskCancellationHandler {
            try await self.core.nextBatch(call: call)
        } onCancel: {
            self.core.cancel(call: call)
        }
    }

    /// Commits offsets, each the first that is not done, and waits for the group's coordinator. Lower offsets than committed before
    /// are left out. Calls that come while one is under way go together in the next.
    package func commit(_ offsets: [KafkaPartition: Int64]) async throws {
        try await self.core.commit(offsets)
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

    /// The newest statistics; nil before the first, and where they are turned off.
    package var statistics: KafkaStatistics? { self.core.statistics }

    /// The newest trouble with the brokers, for reports; it may be over.
    package var lastError: KafkaError? { self.core.lastError }

    /// Leaves the group, after the rebalance handler has let go of the partitions. Ends in time without brokers as well. Idempotent.
    package func close() async {
        await self.core.close(abandoning: false)
    }
}
