/// One partition of one topic.
package struct TopicPartition: Hashable, Sendable {
    package var topic: String
    /// Counted from 0.
    package var partition: Int

    package init(topic: String, partition: Int) {
        self.topic = topic
        self.partition = partition
    }
}
