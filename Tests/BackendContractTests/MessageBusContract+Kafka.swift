import Backends
import ClusterBackends
import KafkaClient
import Logging
import Testing

/// A ``KafkaMessageBus`` on a mock cluster of librdkafka's own, which lives as long as the fixture.
struct KafkaBusFixture: MessageBusFixture {
    static let name = "Kafka, mock cluster"
    // The mock refuses commits during a rebalance, which real brokers take.
    static let abilities: Set<MessageBusAbility> = [.keepsDataOverReopen, .refusesUnknownTopics, .tellsEnds]

    let cluster: KafkaMockCluster

    static func make() async throws -> KafkaBusFixture {
        KafkaBusFixture(cluster: try KafkaMockCluster())
    }

    func open() async throws -> any MessageBus {
        let cluster = self.cluster
        let bus = try KafkaMessageBus(
            KafkaMessageBus.Configuration(
                kafka: KafkaConfiguration(
                    bootstrapServers: cluster.bootstrapServers, produceTimeout: .seconds(30), sessionTimeout: .seconds(6),
                    maximumRecordBytes: 2 << 20),
                replicas: 1, minimumInSyncReplicas: 1, allowsUnsafeReplicas: true, trimInterval: nil),
            createTopic: { topic in try cluster.createTopic(topic.name, partitions: topic.partitions) },
            logger: .silent)
        return bus.served()
    }

    func reopenAfterCrash(_ bus: any MessageBus) async throws -> any MessageBus {
        let dying = try #require(bus as? KafkaMessageBus)
        await dying.dieUnnoticed()
        // As every process does at its start.
        let reopened = try await self.open()
        try await reopened.ensureTopics(dying.knownTopics)
        return reopened
    }

    func tearDown() async {}
}

extension KafkaMessageBus {
    /// Itself, with ``run()`` running until it is closed.
    func served() -> KafkaMessageBus {
        Task { await self.run() }
        return self
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Without one body, which is for a real broker: `waitsForTheListener` commits during a rebalance, which the mock cluster refuses.
@Suite("MessageBus contract: Kafka, mock cluster", .timeLimit(.minutes(5)))
struct KafkaMessageBusContract {
    typealias Contract = MessageBusContract<KafkaBusFixture>

    @Test func keepsOrderInAPartition() async throws { try await Contract.keepsOrderInAPartition() }
    @Test func sendsAKeyToOnePartition() async throws { try await Contract.sendsAKeyToOnePartition() }
    @Test func carriesEmptyAndLargeValues() async throws { try await Contract.carriesEmptyAndLargeValues() }
    @Test func keepsEveryRecordOfConcurrentProducers() async throws { try await Contract.keepsEveryRecordOfConcurrentProducers() }
    @Test func refusesWhatItCannotCarry() async throws { try await Contract.refusesWhatItCannotCarry() }
    @Test func checksTopics() async throws { try await Contract.checksTopics() }
    @Test func refusesAfterClose() async throws { try await Contract.refusesAfterClose() }
    @Test func boundsBatches() async throws { try await Contract.boundsBatches() }
    @Test func readsAgainWhatWasNotCommitted() async throws { try await Contract.readsAgainWhatWasNotCommitted() }
    @Test func commitsNeverMoveBack() async throws { try await Contract.commitsNeverMoveBack() }
    @Test func refusesCommitsOfOthers() async throws { try await Contract.refusesCommitsOfOthers() }
    @Test func groupsAreIndependent() async throws { try await Contract.groupsAreIndependent() }
    @Test func membersShareAndTakeOver() async throws { try await Contract.membersShareAndTakeOver() }
    @Test func pausesAndResumes() async throws { try await Contract.pausesAndResumes() }
    @Test func seeks() async throws { try await Contract.seeks() }
    @Test func waitsForDataAndForClose() async throws { try await Contract.waitsForDataAndForClose() }
    @Test func cancellationLosesNothing() async throws { try await Contract.cancellationLosesNothing() }
    @Test func readsFromAnywhere() async throws { try await Contract.readsFromAnywhere() }
    @Test func follows() async throws { try await Contract.follows() }
    @Test func tellsPositions() async throws { try await Contract.tellsPositions() }
}
