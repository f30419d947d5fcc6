import ApusCore
import Backends
import KafkaClient

/// A ``BusConsumer`` on Kafka.
struct KafkaBusConsumer: BusConsumer {
    private let consumer: KafkaConsumer

    init(_ consumer: KafkaConsumer) {
        self.consumer = consumer
    }

    func nextBatch() async throws -> [BusRecord]? {
        try await BusError.translating { try await self.consumer.nextBatch()?.map(BusRecord.init) }
    }

    func commit(_ offsets: [TopicPartition: Int64]) async throws {
        try await BusError.translating {
            try await self.consumer.commit(Dictionary(uniqueKeysWithValues: offsets.map { (KafkaPartition($0.key), $0.value) }))
        }
    }

    func pause(_ partitions: [TopicPartition]) async {
        // A closed consumer reads nothing anyway.
        try? await self.consumer.pause(partitions.map { KafkaPartition($0) })
    }

    func resume(_ partitions: [TopicPartition]) async {
        try? await self.consumer.resume(partitions.map { KafkaPartition($0) })
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws {
        try await BusError.translating { try await self.consumer.seek(KafkaPartition(partition), to: offset) }
    }

    func close() async {
        await self.consumer.close()
    }
}

extension TopicPartition {
    init(_ partition: KafkaPartition) {
        self.init(topic: partition.topic, partition: Int(partition.partition))
    }
}

extension KafkaPartition {
    init(_ partition: TopicPartition) {
        self.init(topic: partition.topic, partition: Int32(partition.partition))
    }
}

extension BusRecord {
    init(_ record: KafkaRecord) {
        self.init(
            position: RecordPosition(
                topicPartition: TopicPartition(topic: record.topic, partition: Int(record.partition)), offset: record.offset),
            appendedAt: UnixMilliseconds(record.timestamp), key: record.key, value: record.value)
    }
}
