import Backends
import ClusterBackends
import KafkaClient
import Logging
import TestSupport
import Testing

/// A ``KafkaMessageBus`` on a broker of its own, or on the cluster that `APUS_TEST_KAFKA` names.
struct RealKafkaBusFixture: MessageBusFixture {
    static let name = "Kafka, broker"
    static var abilities: Set<MessageBusAbility> {
        let all: Set<MessageBusAbility> = [.keepsDataOverReopen, .refusesUnknownTopics, .commitsWhileRevoking, .tellsEnds]
        return TestKafka.outside == nil ? all.subtracting([.tellsEnds]) : all
    }

    /// Why there is nothing to run on; nil when there is.
    static var missing: String? { TestKafka.missing(libraryCanSpeak: KafkaLibrary.isAtLeast(2, 2)) }

    let kafka: TestKafka
    /// What this test's topics and groups begin with, for an outside cluster keeps those of others.
    let prefix: String

    static func make() async throws -> RealKafkaBusFixture {
        RealKafkaBusFixture(kafka: try await TestKafka.start(), prefix: TestKafka.uniqueName("apus-test") + ".")
    }

    func open() async throws -> any MessageBus {
        let bus = try KafkaMessageBus(
            KafkaMessageBus.Configuration(
                kafka: KafkaConfiguration(
                    bootstrapServers: self.kafka.bootstrapServers, produceTimeout: .seconds(30), sessionTimeout: .seconds(6),
                    maximumRecordBytes: 2 << 20),
                replicas: 1, minimumInSyncReplicas: 1, allowsUnsafeReplicas: true, trimInterval: nil),
            logger: .silent)
        return PrefixedBus(bus.served(), prefix: self.prefix)
    }

    func reopenAfterCrash(_ bus: any MessageBus) async throws -> any MessageBus {
        let dying = try #require((bus as? PrefixedBus)?.bus as? KafkaMessageBus)
        await dying.dieUnnoticed()
        // As every process does at its start.
        let reopened = try await self.open()
        try await (reopened as? PrefixedBus)?.bus.ensureTopics(dying.knownTopics)
        return reopened
    }

    func tearDown() async {
        await self.kafka.stop()
    }
}

@Suite(
    "MessageBus contract: Kafka, broker", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: RealKafkaBusFixture.missing == nil, Comment(rawValue: RealKafkaBusFixture.missing ?? "")))
struct RealKafkaMessageBusContract {
    typealias Contract = MessageBusContract<RealKafkaBusFixture>

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
    @Test func waitsForTheListener() async throws { try await Contract.waitsForTheListener() }
    @Test func pausesAndResumes() async throws { try await Contract.pausesAndResumes() }
    @Test func seeks() async throws { try await Contract.seeks() }
    @Test func waitsForDataAndForClose() async throws { try await Contract.waitsForDataAndForClose() }
    @Test func cancellationLosesNothing() async throws { try await Contract.cancellationLosesNothing() }
    @Test func readsFromAnywhere() async throws { try await Contract.readsFromAnywhere() }
    @Test func follows() async throws { try await Contract.follows() }
    @Test func tellsPositions() async throws { try await Contract.tellsPositions() }
}
