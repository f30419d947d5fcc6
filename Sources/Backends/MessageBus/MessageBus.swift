/// The log that carries every record between the roles: topics of partitions, read by consumer groups.
///
/// Guarantees, on every implementation:
///
/// * **Acknowledged produce.** ``produce(_:)`` returns only when every record is durable (embedded: synced to disk; cluster: on the
///   in-sync replicas). After an error any of the records may or may not be there.
/// * **Order.** Records of one partition have rising offsets, in the order of one producer's calls; there is no order between
///   partitions. Offsets may have gaps.
/// * **At least once.** A group reads from its committed offset; what was read and not committed is read again after a restart or
///   when the partition moves to another member.
/// * **Commits never move back.** A commit below the committed offset is ignored, so commits may arrive in any order.
/// * **One owner.** Within a group each partition belongs to at most one member at a time; the member that loses one is told and
///   waited for (``BusRebalanceListener``) before the next one gets it.
///
/// There is no delayed delivery, no query by content and no atomicity across records: callers are built without.
package protocol MessageBus: Sendable {
    /// Creates the topics that do not exist and checks those that do.
    ///
    /// - Throws: ``BusError`` with ``BusError/Code/topicMismatch`` when a topic exists with fewer partitions than asked for.
    func ensureTopics(_ topics: [TopicDefinition]) async throws

    /// Appends records and waits until all of them are durable.
    ///
    /// Waits for room when the bus is busy: back-pressure is an `await`, never an error the caller has to spin on.
    ///
    /// - Returns: the positions in the order of `records`.
    /// - Throws: ``BusError``; ``BusError/Code/recordTooLarge`` and ``BusError/Code/unknownTopic`` are final and nothing was
    ///   written, every other code means *not known to be written*.
    @discardableResult
    func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition]

    /// Joins a consumer group.
    ///
    /// - Parameters:
    ///   - group: the group's name; its committed offsets outlive its members.
    ///   - topics: existing topics.
    ///   - configuration: batch sizes and the like.
    ///   - rebalance: told of partitions gained and lost.
    func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer

    /// Reads a topic without a group, for the operator's eye: it commits nothing and changes no one's position.
    ///
    /// - Parameters:
    ///   - topic: an existing topic.
    ///   - start: where to begin in every partition.
    ///   - follow: true to wait for new records at the end; false to finish there.
    func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader

    /// How far the partitions of a topic reach and how far a group has come in them.
    ///
    /// - Parameter group: nil where only the ends are wanted.
    func positions(topic: String, group: String?) async throws -> [PartitionPositions]

    /// Finishes what is under way, refuses the rest and lets go of files and connections. Idempotent.
    func close() async
}
