internal import Backends
internal import Synchronization

/// The oldest messages of the batches that wait in a mover's partitions.
final class MoverAges: Sendable {
    private let partitions = Mutex<[TopicPartition: OldestMessages]>([:])

    /// - Parameter oldest: nil when nothing of the partition waits here.
    func set(_ oldest: OldestMessages?, of partition: TopicPartition) {
        self.partitions.withLock { $0[partition] = oldest }
    }

    /// Of all partitions.
    var all: OldestMessages {
        self.partitions.withLock { partitions in partitions.values.reduce(into: OldestMessages()) { $0.add($1) } }
    }
}
