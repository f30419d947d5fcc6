import KafkaClient
import NIOCore
import Synchronization

/// A mock cluster with clients that have short time limits.
struct KafkaFixture {
    let cluster: KafkaMockCluster
    var configuration: KafkaConfiguration

    init(brokers: Int = 1, topic: String = "mail", partitions: Int = 4) throws {
        self.cluster = try KafkaMockCluster(brokers: brokers)
        try self.cluster.createTopic(topic, partitions: partitions)
        self.configuration = KafkaConfiguration(
            bootstrapServers: self.cluster.bootstrapServers, produceTimeout: .seconds(30), requestTimeout: .seconds(5),
            sessionTimeout: .seconds(6), drainTimeout: .seconds(5), closeTimeout: .seconds(3), statisticsInterval: .milliseconds(200))
    }

    static func message(_ text: String, partition: Int32? = nil, topic: String = "mail") -> KafkaMessage {
        KafkaMessage(topic: topic, partition: partition, key: [], value: ByteBuffer(string: text))
    }

    /// The topic's partitions from the beginning until so many different texts were seen: texts per partition, in order, with their copies.
    func contents(count: Int, partitions: Int = 4, topic: String = "mail") async throws -> [[String]] {
        let consumer = try KafkaConsumer(
            self.configuration,
            .partitions(Dictionary(uniqueKeysWithValues: (0..<partitions).map { (KafkaPartition(topic: topic, partition: Int32($0)), 0) })),
            maximumRecords: 1000, maximumBytes: 1 << 20)
        var texts = Array(repeating: [String](), count: partitions)
        var seen: Set<String> = []
        while seen.count < count, let batch = try await consumer.nextBatch() {
            for record in batch {
                let text = String(buffer: record.value)
                texts[Int(record.partition)].append(text)
                seen.insert("\(record.partition) \(text)")
            }
        }
        await consumer.close()
        return texts
    }

    /// Waits until a producer has so many records under way. Nothing tells of it; a test that is over its limit ends here.
    func waitForOutstanding(_ count: Int, in producer: KafkaProducer) async throws {
        while producer.outstanding.records < count { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// A member of a group whose handler notes what it is told.
    func member(
        _ group: String = "group", topics: [String] = ["mail"], keepsAll: Bool = false, log: RebalanceLog = RebalanceLog()
    ) throws -> KafkaConsumer {
        let consumer = try KafkaConsumer(
            self.configuration, .group(name: group, topics: topics, keepsAll: keepsAll), maximumRecords: 100, maximumBytes: 1 << 20)
        Task { await consumer.serveRebalances { change in await log.note(change) } }
        return consumer
    }
}

/// What a handler was told, in order; it can be made to take its time.
final class RebalanceLog: Sendable {
    private let changes = Mutex<[KafkaRebalance]>([])
    private let whileRevoking: @Sendable ([KafkaPartition]) async -> Void

    init(whileRevoking: @escaping @Sendable ([KafkaPartition]) async -> Void = { _ in }) {
        self.whileRevoking = whileRevoking
    }

    func note(_ change: KafkaRebalance) async {
        if case .revoking(let partitions) = change { await self.whileRevoking(partitions) }
        self.changes.withLock { $0.append(change) }
    }

    var assigned: [KafkaPartition: Int64] {
        self.changes.withLock { changes in
            changes.reduce(into: [:]) { result, change in
                switch change {
                case .assigned(let offsets): result.merge(offsets) { $1 }
                case .revoking(let partitions): for partition in partitions { result[partition] = nil }
                }
            }
        }
    }

    var revocations: Int {
        self.changes.withLock { $0.count { if case .revoking = $0 { true } else { false } } }
    }
}
