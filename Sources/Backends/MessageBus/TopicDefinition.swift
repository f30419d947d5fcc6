/// A topic as the service needs it.
package struct TopicDefinition: Hashable, Sendable {
    /// What may be deleted, and when.
    package enum Retention: Hashable, Sendable {
        /// Everything that is not committed by `group` is kept; what lies below its committed offset may go at any time.
        case untilConsumed(group: String)
        /// Records go when they are older than `age`, or, oldest first, while the topic holds more than `bytes`, whatever was
        /// consumed.
        case bounded(age: Duration, bytes: Int64)
    }

    /// The name: letters, digits, `.`, `_`, `-`, at most 200 bytes.
    package var name: String
    /// The number of partitions; at least 1.
    package var partitions: Int
    /// What is kept.
    package var retention: Retention

    package init(name: String, partitions: Int, retention: Retention) {
        self.name = name
        self.partitions = partitions
        self.retention = retention
    }
}
