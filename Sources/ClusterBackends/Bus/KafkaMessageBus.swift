import ApusCore
package import Backends
import KafkaClient
package import Logging
import NIOCore
import Synchronization

/// The ``MessageBus`` on Kafka.
///
/// ``run()`` has to be running for consumers to join: it owns the tasks that their listeners run in, and deletes what was consumed.
package final class KafkaMessageBus: MessageBus {
    /// Makes a topic where brokers take no administrative requests.
    package typealias TopicMaker = @Sendable (TopicDefinition) async throws -> Void

    let configuration: Configuration
    let cluster: KafkaCluster
    let createTopic: TopicMaker?
    let logger: Logger
    private let producer: KafkaProducer
    private let state = Mutex(State())
    /// Members of groups, on their way to ``run()``.
    private let members: AsyncStream<KafkaMember>
    private let newMembers: AsyncStream<KafkaMember>.Continuation

    private struct State {
        var topics: [String: TopicDefinition] = [:]
        var consumers: [KafkaConsumer] = []
        var isClosed = false
    }

    /// Starts the producer; brokers are connected to in the background.
    ///
    /// - Parameters:
    ///   - configuration: the brokers and the topics' safety.
    ///   - createTopic: nil to ask the brokers, and to check the settings of topics with them.
    ///   - logger: for what an operator must know of the cluster and the library.
    /// - Throws: ``BusError`` when the configuration does not fit.
    package init(_ configuration: Configuration, createTopic: TopicMaker? = nil, logger: Logger) throws {
        let problems = configuration.problems
        guard problems.isEmpty else { throw BusError(.invalidArgument, problems.joined(separator: "; ")) }
        self.configuration = configuration
        self.createTopic = createTopic
        self.logger = logger
        self.cluster = KafkaCluster(configuration.kafka)
        (self.members, self.newMembers) = AsyncStream.makeStream(of: KafkaMember.self)
        do {
            self.producer = try KafkaProducer(configuration.kafka)
        } catch let error as KafkaError {
            throw BusError(error)
        }
        if let warning = KafkaLibrary.warning {
            logger.warning("librdkafka is old", metadata: ["detail": "\(warning)"])
        }
    }

    /// Serves the consumers' listeners and deletes consumed records, until ``close()``. Call it once; a cancelled task closes the bus.
    package func run() async {
        await withDiscardingTaskGroup { group in
            if let interval = self.configuration.trimInterval {
                group.addTask { await self.trim(every: interval) }
            }
            for await member in self.members {
                group.addTask { await member.serve() }
            }
            await self.close()
            group.cancelAll()
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
        return try await BusError.translating {
            let positions = try await self.producer.produce(
                records.map { record in
                    KafkaMessage(topic: record.topic, partition: record.partition.map(Int32.init), key: record.key, value: record.value)
                })
            return zip(records, positions).map { record, position in
                RecordPosition(topicPartition: TopicPartition(topic: record.topic, partition: Int(position.partition)), offset: position.offset)
            }
        }
    }

    /// Joins a consumer group, and waits until it has given this member its share, which may be nothing.
    package func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        let keepsAll = try topics.map(self.definition).contains { $0.retention == .untilConsumed(group: group) }
        return try await BusError.translating {
            let consumer = try KafkaConsumer(
                self.configuration.kafka, .group(name: group, topics: topics, keepsAll: keepsAll),
                maximumRecords: configuration.maximumBatchRecords, maximumBytes: configuration.maximumBatchBytes)
            try await self.keep(consumer)
            self.newMembers.yield(KafkaMember(consumer: consumer, listener: rebalance))
            do {
                if try await consumer.waitUntilJoined() { return KafkaBusConsumer(consumer) }
                try Task.checkCancellation()
                throw BusError(.closed, "the bus was closed before the group \(group) could be joined")
            } catch {
                await consumer.close()
                throw error
            }
        }
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
        return try await BusError.translating {
            let consumer = try KafkaConsumer(self.configuration.kafka, .partitions(starts), maximumRecords: 1000, maximumBytes: 4 << 20)
            try await self.keep(consumer)
            return KafkaBusReader(consumer, starts: starts, ends: follow ? nil : ends)
        }
    }

    package func positions(topic: String, group: String?) async throws -> [PartitionPositions] {
        let partitions = try self.definition(topic).partitions
        return try await BusError.translating {
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

    /// What the library counts now, for metrics.
    package var snapshot: Snapshot {
        let consumers = self.state.withLock { $0.consumers }
        let outstanding = self.producer.outstanding
        return Snapshot(
            producer: self.producer.statistics, consumers: consumers.compactMap(\.statistics), outstandingRecords: outstanding.records,
            outstandingBytes: outstanding.bytes, producerRebuilds: self.producer.rebuilds)
    }

    package func close() async {
        let consumers = self.state.withLock { state in
            state.isClosed = true
            let consumers = state.consumers
            state.consumers = []
            return consumers
        }
        // At the same time: each may need its drain time.
        await withDiscardingTaskGroup { group in
            for consumer in consumers { group.addTask { await consumer.close() } }
        }
        await self.producer.close()
        self.newMembers.finish()
    }

    /// Ends as a killed process does: its members do not leave their groups, and what is not acknowledged is given up.
    func abandon() async {
        for consumer in self.state.withLock({ $0.consumers }) { await consumer.abandon() }
        await self.producer.close(within: .zero)
        await self.close()
    }

    /// Notes topics that may be used.
    func know(_ topics: [TopicDefinition]) {
        self.state.withLock { state in
            for topic in topics { state.topics[topic.name] = topic }
        }
    }

    /// The topics that may be used: those that ``ensureTopics(_:)`` has seen.
    package var knownTopics: [TopicDefinition] { self.state.withLock { Array($0.topics.values) } }

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
}
