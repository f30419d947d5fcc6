import Backends
import EmbeddedBackends
import Testing

/// A ``SegmentMessageBus`` in a fresh folder. Segments are small, so that the contract runs over many of them.
struct EmbeddedBusFixture: MessageBusFixture {
    static let name = "embedded"
    static let abilities: Set<MessageBusAbility> = [.keepsDataOverReopen, .refusesUnknownTopics, .commitsWhileRevoking, .tellsEnds]

    let folder: MessageBusFolder

    static func make() async throws -> EmbeddedBusFixture {
        EmbeddedBusFixture(folder: try MessageBusFolder())
    }

    private var configuration: SegmentBusConfiguration {
        var configuration = SegmentBusConfiguration()
        configuration.segmentBytes = 8 << 20
        configuration.maximumRecordBytes = 2 << 20
        configuration.maximumGroupBytes = 1 << 20
        configuration.spareSegments = 0
        return configuration
    }

    func open() async throws -> any MessageBus {
        try await SegmentMessageBus.open(folder: self.folder.path + "/bus", configuration: self.configuration)
    }

    /// Opens a copy of the files as they are: what the kernel has is what a new process finds.
    func reopenAfterCrash(_ bus: any MessageBus) async throws -> any MessageBus {
        let copy = self.folder.path + "/crashed"
        try MessageBusFolder.copy(self.folder.path + "/bus", to: copy)
        await bus.close()
        return try await SegmentMessageBus.open(folder: copy, configuration: self.configuration)
    }

    func tearDown() async {
        self.folder.remove()
    }
}

@Suite("MessageBus contract: embedded", .timeLimit(.minutes(5)))
struct EmbeddedMessageBusContract {
    typealias Contract = MessageBusContract<EmbeddedBusFixture>

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
