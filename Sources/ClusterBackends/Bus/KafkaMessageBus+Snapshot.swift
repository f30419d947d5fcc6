package import KafkaClient

extension KafkaMessageBus {
    /// What the bus counts, for a role to export. Its only names are those of topics.
    package struct Snapshot: Hashable, Sendable {
        /// Of the producer; nil before the first statistics.
        package var producer: KafkaStatistics?
        /// Of every open consumer that has some.
        package var consumers: [KafkaStatistics]
        /// Records, and their bytes, that wait for an acknowledgement.
        package var outstandingRecords: Int
        package var outstandingBytes: Int
        /// How often a fatal error has ended the library's producer.
        package var producerRebuilds: Int
    }
}
