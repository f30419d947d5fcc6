/// Where a record stands in the bus.
package struct RecordPosition: Hashable, Sendable {
    package var topicPartition: TopicPartition
    /// The record's place in its partition; rising, with gaps.
    package var offset: Int64

    package init(topicPartition: TopicPartition, offset: Int64) {
        self.topicPartition = topicPartition
        self.offset = offset
    }
}
