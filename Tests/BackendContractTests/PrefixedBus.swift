import Backends

/// A bus whose topics and groups have longer names than its callers know.
struct PrefixedBus: MessageBus {
    let bus: any MessageBus
    let prefix: String

    init(_ bus: any MessageBus, prefix: String) {
        self.bus = bus
        self.prefix = prefix
    }

    func ensureTopics(_ topics: [TopicDefinition]) async throws {
        try await self.bus.ensureTopics(
            topics.map { topic in
                var topic = topic
                topic.name = self.prefix + topic.name
                if case .untilConsumed(let group) = topic.retention { topic.retention = .untilConsumed(group: self.prefix + group) }
                return topic
            })
    }

    func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition] {
        try await self.bus.produce(
            records.map { record in
                var record = record
                record.topic = self.prefix + record.topic
                return record
            }
        ).map { RecordPosition(topicPartition: self.short($0.topicPartition), offset: $0.offset) }
    }

    func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        let consumer = try await self.bus.subscribe(
            group: self.prefix + group, topics: topics.map { self.prefix + $0 }, configuration: configuration,
            rebalance: PrefixedListener(listener: rebalance, names: self))
        return PrefixedConsumer(consumer: consumer, names: self)
    }

    func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader {
        let start: BusReadStart = if case .committed(let group) = start { .committed(group: self.prefix + group) } else { start }
        return PrefixedReader(reader: try await self.bus.read(topic: self.prefix + topic, from: start, follow: follow), names: self)
    }

    func positions(topic: String, group: String?) async throws -> [PartitionPositions] {
        try await self.bus.positions(topic: self.prefix + topic, group: group.map { self.prefix + $0 }).map { positions in
            var positions = positions
            positions.topicPartition = self.short(positions.topicPartition)
            return positions
        }
    }

    func close() async { await self.bus.close() }

    func short(_ partition: TopicPartition) -> TopicPartition {
        guard partition.topic.hasPrefix(self.prefix) else { return partition }
        return TopicPartition(topic: String(partition.topic.dropFirst(self.prefix.count)), partition: partition.partition)
    }

    func long(_ partition: TopicPartition) -> TopicPartition {
        TopicPartition(topic: self.prefix + partition.topic, partition: partition.partition)
    }

    func short(_ record: BusRecord) -> BusRecord {
        var record = record
        record.position.topicPartition = self.short(record.position.topicPartition)
        return record
    }
}

private struct PrefixedListener: BusRebalanceListener {
    let listener: any BusRebalanceListener
    let names: PrefixedBus

    func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {
        await self.listener.partitionsAssigned(Dictionary(uniqueKeysWithValues: partitions.map { (self.names.short($0.key), $0.value) }))
    }

    func partitionsRevoking(_ partitions: [TopicPartition]) async {
        await self.listener.partitionsRevoking(partitions.map(self.names.short))
    }
}

private struct PrefixedConsumer: BusConsumer {
    let consumer: any BusConsumer
    let names: PrefixedBus

    func nextBatch() async throws -> [BusRecord]? { try await self.consumer.nextBatch()?.map(self.names.short) }

    func commit(_ offsets: [TopicPartition: Int64]) async throws {
        try await self.consumer.commit(Dictionary(uniqueKeysWithValues: offsets.map { (self.names.long($0.key), $0.value) }))
    }

    func pause(_ partitions: [TopicPartition]) async { await self.consumer.pause(partitions.map(self.names.long)) }
    func resume(_ partitions: [TopicPartition]) async { await self.consumer.resume(partitions.map(self.names.long)) }
    func seek(_ partition: TopicPartition, to offset: Int64) async throws { try await self.consumer.seek(self.names.long(partition), to: offset) }
    func close() async { await self.consumer.close() }
}

private struct PrefixedReader: BusReader {
    let reader: any BusReader
    let names: PrefixedBus

    func nextBatch() async throws -> [BusRecord]? { try await self.reader.nextBatch()?.map(self.names.short) }
    func close() async { await self.reader.close() }
}
