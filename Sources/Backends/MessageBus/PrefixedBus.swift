/// A bus whose topics and groups have longer names than its callers know: several installations share one Kafka by it.
package struct PrefixedBus: MessageBus {
    package let bus: any MessageBus
    private let prefix: String
    /// Names that records carry, made once: a record costs no string of its own.
    private let longNames: [String: String]
    private let shortNames: [String: String]

    /// - Parameters:
    ///   - bus: the one with the long names.
    ///   - prefix: what it puts before names of topics and of groups.
    ///   - topics: the short names of topics that carry much; others may be used too.
    package init(_ bus: any MessageBus, prefix: String, topics: [String] = []) {
        self.bus = bus
        self.prefix = prefix
        self.longNames = Dictionary(topics.map { ($0, prefix + $0) }, uniquingKeysWith: { name, _ in name })
        self.shortNames = Dictionary(topics.map { (prefix + $0, $0) }, uniquingKeysWith: { name, _ in name })
    }

    private func long(_ topic: String) -> String { self.longNames[topic] ?? self.prefix + topic }

    private func short(_ topic: String) -> String {
        if let name = self.shortNames[topic] { return name }
        return topic.hasPrefix(self.prefix) ? String(topic.dropFirst(self.prefix.count)) : topic
    }

    package func ensureTopics(_ topics: [TopicDefinition]) async throws {
        try await self.bus.ensureTopics(
            topics.map { topic in
                var topic = topic
                topic.name = self.long(topic.name)
                if case .untilConsumed(let group) = topic.retention { topic.retention = .untilConsumed(group: self.prefix + group) }
                return topic
            })
    }

    package func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition] {
        try await self.bus.produce(
            records.map { record in
                var record = record
                record.topic = self.long(record.topic)
                return record
            }
        ).map { RecordPosition(topicPartition: self.short($0.topicPartition), offset: $0.offset) }
    }

    package func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        let consumer = try await self.bus.subscribe(
            group: self.prefix + group, topics: topics.map(self.long), configuration: configuration,
            rebalance: PrefixedListener(listener: rebalance, names: self))
        return PrefixedConsumer(consumer: consumer, names: self)
    }

    package func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader {
        let start: BusReadStart = if case .committed(let group) = start { .committed(group: self.prefix + group) } else { start }
        return PrefixedReader(reader: try await self.bus.read(topic: self.long(topic), from: start, follow: follow), names: self)
    }

    package func positions(topic: String, group: String?) async throws -> [PartitionPositions] {
        try await self.bus.positions(topic: self.long(topic), group: group.map { self.prefix + $0 }).map { positions in
            var positions = positions
            positions.topicPartition = self.short(positions.topicPartition)
            return positions
        }
    }

    package func close() async { await self.bus.close() }

    fileprivate func short(_ partition: TopicPartition) -> TopicPartition {
        TopicPartition(topic: self.short(partition.topic), partition: partition.partition)
    }

    fileprivate func long(_ partition: TopicPartition) -> TopicPartition {
        TopicPartition(topic: self.long(partition.topic), partition: partition.partition)
    }

    fileprivate func short(_ record: BusRecord) -> BusRecord {
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
