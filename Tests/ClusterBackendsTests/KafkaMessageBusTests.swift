import Backends
import ClusterBackends
import KafkaClient
import Logging
import NIOCore
import Testing

/// What the bus adds to its contract, on a mock cluster.
@Suite(.timeLimit(.minutes(2))) struct KafkaMessageBusTests {
    private let mail = TopicDefinition(name: "mail", partitions: 2, retention: .untilConsumed(group: "worker"))

    /// A stop that comes while a role still waits for its group ends both.
    @Test func closingEndsASubscriptionThatWaitsForBrokers() async throws {
        let mock = try KafkaMockCluster()
        let bus = try KafkaMessageBus.serving(mock.bootstrapServers, mock: mock)
        try await bus.ensureTopics([self.mail])
        mock.setBrokers(areUp: false)
        async let refused = #expect(throws: BusError.self) {
            try await bus.subscribe(
                group: "worker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        }
        try await Task.sleep(for: .milliseconds(200))
        let start = ContinuousClock.now
        await bus.close()
        #expect(await refused?.code == .closed)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func aCancelledSubscriptionLeavesNothingBehind() async throws {
        let mock = try KafkaMockCluster()
        let bus = try KafkaMessageBus.serving(mock.bootstrapServers, mock: mock)
        try await bus.ensureTopics([self.mail])
        mock.setBrokers(areUp: false)
        let waiting = Task {
            _ = try await bus.subscribe(
                group: "worker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        }
        try await Task.sleep(for: .milliseconds(200))
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        await bus.close()
    }

    @Test func runEndsWithTheBusAndClosesItWhenCancelled() async throws {
        let mock = try KafkaMockCluster()
        let bus = try KafkaMessageBus(
            KafkaMessageBus.Configuration(
                kafka: KafkaConfiguration(bootstrapServers: mock.bootstrapServers), replicas: 1, minimumInSyncReplicas: 1,
                allowsUnsafeReplicas: true),
            createTopic: { try mock.createTopic($0.name, partitions: $0.partitions) }, logger: .init(label: "test"))
        try await bus.ensureTopics([self.mail])
        let running = Task { await bus.run() }
        running.cancel()
        await running.value
        let error = await #expect(throws: BusError.self) { try await bus.produce([Records.outgoing("late", topic: "mail")]) }
        #expect(error?.code == .closed)
    }

    /// The whole way of the alarm: a group that lost its offsets while its log has lost its beginning.
    @Test func lostOffsetsStopAPartitionAndSaySo() async throws {
        let mock = try KafkaMockCluster()
        let bus = try KafkaMessageBus.serving(mock.bootstrapServers, mock: mock) { $0.kafka.compression = .none }
        try await bus.ensureTopics([self.mail])
        let large = ByteBuffer(repeating: 65, count: 500_000)
        for _ in 0..<16 { _ = try await bus.produce([OutgoingRecord(topic: "mail", key: [], value: large, partition: 0)]) }
        _ = try await bus.produce([Records.outgoing("b", topic: "mail", partition: 1)])
        let consumer = try await bus.subscribe(
            group: "worker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        var codes: [BusError.Code] = []
        var seen: [BusRecord] = []
        while seen.isEmpty || codes.isEmpty {
            do {
                guard let batch = try await consumer.nextBatch() else { break }
                seen += batch
            } catch let error as BusError {
                codes.append(error.code)
            }
        }
        #expect(codes == [.offsetsLost])
        #expect(seen.map(\.position.topicPartition.partition) == [1])
        // For another group the topic keeps nothing: it starts at what there is.
        let other = try await bus.subscribe(
            group: "looker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        #expect(try await other.nextBatch()?.isEmpty == false)
        await bus.close()
    }

    @Test func warnsOfAnOldLibraryAndSumsUpWhatItCounts() async throws {
        let mock = try KafkaMockCluster()
        let log = RecordingLog.Lines()
        let bus = try KafkaMessageBus.serving(mock.bootstrapServers, mock: mock, log: log) { $0.kafka.statisticsInterval = .milliseconds(100) }
        #expect(log.all.contains { $0.contains("librdkafka is old") } == (KafkaLibrary.warning != nil))
        try await bus.ensureTopics([self.mail])
        _ = try await bus.produce([Records.outgoing("x", topic: "mail", partition: 0)])
        let consumer = try await bus.subscribe(
            group: "worker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        _ = try await consumer.nextBatch()
        while bus.snapshot.producer?.sentRecords != 1 || bus.snapshot.consumers.first?.assignedPartitions != 2 {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(bus.snapshot.outstandingRecords == 0 && bus.snapshot.producerRebuilds == 0)
        await bus.close()
    }

    /// The mock cluster deletes nothing: that is said once, and nothing else suffers.
    @Test func brokersThatCannotDeleteAreSaid() async throws {
        let mock = try KafkaMockCluster()
        let log = RecordingLog.Lines()
        let bus = try KafkaMessageBus.serving(mock.bootstrapServers, mock: mock, log: log) {
            $0.trimInterval = .milliseconds(100)
        }
        try await bus.ensureTopics([self.mail])
        _ = try await bus.produce((0..<10).map { Records.outgoing("\($0)", topic: "mail", partition: 0) })
        let consumer = try await bus.subscribe(
            group: "worker", topics: ["mail"], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        var seen = 0
        while seen < 10, let batch = try await consumer.nextBatch() { seen += batch.count }
        try await consumer.commit([TopicPartition(topic: "mail", partition: 0): 6])
        while log.all.isEmpty || !log.all.contains(where: { $0.contains("cannot delete records") }) {
            try await Task.sleep(for: .milliseconds(50))
        }
        try await Task.sleep(for: .milliseconds(300))
        #expect(log.all.count { $0.contains("delete") } == 1)
        #expect(try await bus.positions(topic: "mail", group: "worker").map(\.committed) == [6, nil])
        await bus.close()
    }
}
