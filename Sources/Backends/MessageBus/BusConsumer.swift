/// A member of a consumer group.
///
/// One task calls ``nextBatch()``; the other methods may be called from anywhere.
package protocol BusConsumer: Sendable {
    /// The next records of the partitions that this member owns, in offset order within each partition; a batch may hold records
    /// of several partitions.
    ///
    /// Waits for data, without polling. A cancelled task gets nil.
    ///
    /// - Returns: nil when the consumer was closed.
    /// - Throws: ``BusError`` when the bus cannot go on; the caller may call again. ``BusError/Code/offsetsLost`` concerns one partition,
    ///   is told once, and wants an alarm.
    func nextBatch() async throws -> [BusRecord]?

    /// Says that everything below an offset is done, and waits until a crash of this process cannot undo it.
    ///
    /// - Parameter offsets: for each partition the offset of the first record that is **not** done. An offset at or below what is
    ///   committed changes nothing; an offset of a partition that this member does not own is refused as a whole with
    ///   ``BusError/Code/notOwner``.
    func commit(_ offsets: [TopicPartition: Int64]) async throws

    /// Stops giving records of these partitions until ``resume(_:)``; those not owned are ignored. What ``nextBatch()`` has already
    /// returned is not called back, and the next record after a resume is the one that followed.
    func pause(_ partitions: [TopicPartition]) async

    /// Ends a ``pause(_:)``.
    func resume(_ partitions: [TopicPartition]) async

    /// Goes back, or forward, to an offset in a partition that this member owns: the next batch begins there.
    func seek(_ partition: TopicPartition, to offset: Int64) async throws

    /// Leaves the group: partitions are given up as in a rebalance (the listener is told and waited for) and go to other members.
    /// Idempotent.
    func close() async
}
