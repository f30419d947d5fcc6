import ApusCore
package import Backends
package import KafkaClient
import NIOCore
import Synchronization

/// The ``MessageBus`` on Kafka.
package final class KafkaMessageBus: MessageBus {
    /// How topics are made and how much they must withstand.
    package struct Configuration: Hashable, Sendable {
        package var kafka: KafkaConfiguration
        /// Replicas of every partition; 3 in production.
        package var replicas: Int
        /// Replicas that must have a record before it is acknowledged; 2 in production.
        package var minimumInSyncReplicas: Int

        package init(kafka: KafkaConfiguration, replicas: Int = 3, minimumInSyncReplicas: Int = 2) {
            self.kafka = kafka
            self.replicas = replicas
            self.minimumInSyncReplicas = minimumInSyncReplicas
        }
    }

    private let configuration: Configuration
    private let producer: KafkaProducer
    private let cluster: KafkaCluster
    private let createTopic: (@Sendable (TopicDefinition) async throws -> Void)?
    private let state = Mutex(State())

    private struct State {
        var topics: [String: TopicDefinition] = [:]
        var consumers: [KafkaConsumer] = []
        var isClosed = false
    }

    /// Starts the producer; brokers are connected to in the background.
    ///
    /// - Parameters:
    ///   - configuration: the brokers and the topics' safety.
    ///   - createTopic: makes a topic where the brokers take no admin requests, as a mock cluster; nil to ask the brokers.
    /// - Throws: ``BusError`` when the configuration does not fit.
    package init(_ configuration: Configuration, createTopic: (@Sendable (TopicDefinition) async throws -> Void)? = nil) throws {
        self.configuration = configuration
        self.createTopic = createTopic
        self.cluster = KafkaCluster(configuration.kafka)
        do {
            self.producer = try KafkaProducer(configuration.kafka)
        } catch let error as KafkaError {
            throw BusError(error)
        }
    }

    package func ensureTopics(_ topics: [TopicDefinition]) async throws {
        try await self.translating {
            var existing = try await self.cluster.topics()
            for topic in topics where existing[topic.name] == nil {
                do {
                    if let createTopic = self.createTopic {
                        try await createTopic(topic)
                    } else {
                        try await self.cluster.createTopic(
                            topic.name, partitions: topic.partitions, replicas: self.configuration.replicas,
                            properties: self.properties(of: topic))
                    }
                } catch let error as KafkaError where error.isTopicExists {
                    // Another process of the cluster was quicker.
                }
                existing = try await self.cluster.topics()
            }
            for topic in topics {
                let partitions = existing[topic.name]?.partitions ?? 0
                guard partitions >= topic.partitions else {
                    throw BusError(
                        .topicMismatch,
                        "the topic \(topic.name) has \(partitions) partitions and needs \(topic.partitions): add partitions to it, or ask for fewer")
                }
            }
            let sized = topics.map { topic in
                var topic = topic
                topic.partitions = existing[topic.name]?.partitions ?? topic.partitions
                return topic
            }
            self.state.withLock { state in
                for topic in sized { state.topics[topic.name] = topic }
            }
        }
    }

    package func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition] {
        for record in records {
            let definition = try self.definition(record.topic)
            guard (0..<definition.partitions).contains(record.partition ?? 0) else {
                throw BusError(.invalidArgument, "the topic \(record.topic) has no partition \(record.partition ?? 0)")
            }
            guard record.value.readableBytes + record.key.count <= self.configuration.kafka.maximumRecordBytes else {
                throw BusError(
                    .recordTooLarge, "a record is above \(self.configuration.kafka.maximumRecordBytes) bytes: its body belongs into the body store")
            }
        }
        return try await self.translating {
            let positions = try await self.producer.produce(
                records.map { record in
                    KafkaMessage(topic: record.topic, partition: record.partition.map(Int32.init), key: record.key, value: record.value)
                })
            return zip(records, positions).map { record, position in
                RecordPosition(topicPartition: TopicPartition(topic: record.topic, partition: Int(position.partition)), offset: position.offset)
            }
        }
    }

    package func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        for topic in topics { _ = try self.definition(topic) }
        let (assigned, firstAssignment) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let consumer = try await self.translating {
            try KafkaConsumer(
                self.configuration.kafka,
                .group(name: group, topics: topics) { change in
                    switch change {
                    case .assigned(let offsets):
                        await rebalance.partitionsAssigned(
                            Dictionary(uniqueKeysWithValues: offsets.map { (TopicPartition($0.key), $0.value) }))
                        firstAssignment.finish()
                    case .revoking(let partitions):
                        await rebalance.partitionsRevoking(partitions.map { TopicPartition($0) })
                    }
                },
                maximumRecords: configuration.maximumBatchRecords, maximumBytes: configuration.maximumBatchBytes)
        }
        try await self.keep(consumer)
        // As on every bus, a member that has joined has its share, if there is one for it. A caller that is cancelled waits no longer.
        for await _ in assigned {}
        return KafkaBusConsumer(consumer)
    }

    package func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader {
        let group: String? = if case .committed(let group) = start { group } else { nil }
        let positions = try await self.positions(topic: topic, group: group)
        var starts: [KafkaPartition: Int64] = [:]
        var ends: [KafkaPartition: Int64] = [:]
        for position in positions {
            let partition = KafkaPartition(position.topicPartition)
            starts[partition] =
                switch start {
                case .earliest: position.start
                case .latest: position.end
                case .committed: position.committed ?? position.start
                }
            ends[partition] = position.end
        }
        return try await self.translating {
            let consumer = try KafkaConsumer(self.configuration.kafka, .partitions(starts), maximumRecords: 1000, maximumBytes: 4 << 20)
            try await self.keep(consumer)
            return KafkaBusReader(consumer, starts: starts, ends: follow ? nil : ends)
        }
    }

    package func positions(topic: String, group: String?) async throws -> [PartitionPositions] {
        let partitions = try self.definition(topic).partitions
        return try await self.translating {
            let ranges = try await self.cluster.watermarks(topic: topic, partitions: partitions)
            let committed: [Int64?] =
                if let group {
                    try await self.cluster.committed(group: group, topic: topic, partitions: partitions)
                } else {
                    Array(repeating: nil, count: partitions)
                }
            return ranges.enumerated().map { index, range in
                PartitionPositions(
                    topicPartition: TopicPartition(topic: topic, partition: index), start: range.lowerBound, end: range.upperBound,
                    committed: committed[index])
            }
        }
    }

    package func close() async {
        let consumers = self.state.withLock { state in
            state.isClosed = true
            defer { state.consumers = [] }
            return state.consumers
        }
        for consumer in consumers { await consumer.close() }
        await self.producer.close()
    }

    /// Notes a consumer that must end with the bus.
    private func keep(_ consumer: KafkaConsumer) async throws {
        let isOpen = self.state.withLock { state in
            guard !state.isClosed else { return false }
            state.consumers.removeAll { $0.isClosed }
            state.consumers.append(consumer)
            return true
        }
        guard isOpen else {
            await consumer.close()
            throw BusError(.closed, "the bus is closed")
        }
    }

    private func definition(_ topic: String) throws -> TopicDefinition {
        try self.state.withLock { state in
            guard !state.isClosed else { throw BusError(.closed, "the bus is closed") }
            guard let known = state.topics[topic] else { throw BusError(.unknownTopic, "the topic \(topic) was not made at start") }
            return known
        }
    }

    /// Unconsumed mail is never deleted by age or size; the service itself deletes what lies below the committed offsets.
    private func properties(of topic: TopicDefinition) -> [String: String] {
        var properties = [
            "min.insync.replicas": "\(self.configuration.minimumInSyncReplicas)",
            "unclean.leader.election.enable": "false",
            "max.message.bytes": "\(self.configuration.kafka.maximumRecordBytes + 1024)",
            // Delays are counted from when the broker appended a record, not from a producer's clock.
            "message.timestamp.type": "LogAppendTime",
        ]
        switch topic.retention {
        case .untilConsumed:
            properties["retention.ms"] = "-1"
            properties["retention.bytes"] = "-1"
        case .bounded(let age, let bytes):
            properties["retention.ms"] = "\(age.milliseconds)"
            properties["retention.bytes"] = "\(bytes / Int64(max(topic.partitions, 1)))"
        }
        return properties
    }

    private func translating<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as KafkaError {
            throw BusError(error)
        }
    }
}

extension BusError {
    /// What a Kafka error means to the bus's callers.
    init(_ error: KafkaError) {
        let code: Code =
            if error.isUnknownTopic {
                .unknownTopic
            } else if error.isTooLarge {
                .recordTooLarge
            } else if error.isNotOwner {
                .notOwner
            } else if error.isClosed {
                .closed
            } else {
                .unavailable
            }
        self.init(code, error.message, cause: error)
    }
}
