/// How far one partition reaches, and how far a group has come in it.
package struct PartitionPositions: Hashable, Sendable {
    package var topicPartition: TopicPartition
    /// The offset of the oldest record that is kept, or ``end`` when there is none.
    package var start: Int64
    /// The offset that the next record will get, at least.
    package var end: Int64
    /// The group's committed offset; nil when it has none or no group was asked for.
    package var committed: Int64?

    package init(topicPartition: TopicPartition, start: Int64, end: Int64, committed: Int64?) {
        self.topicPartition = topicPartition
        self.start = start
        self.end = end
        self.committed = committed
    }
}
