import Backends

/// One place where a bus lives, for one test.
protocol MessageBusFixture: Sendable {
    /// For names of tests.
    static var name: String { get }

    /// What an implementation cannot show in a test.
    static var abilities: Set<MessageBusAbility> { get }

    /// A fresh, empty place.
    static func make() async throws -> Self

    /// A bus on this place; further calls share or replace the process that the first one had.
    func open() async throws -> any MessageBus

    /// A bus on what is there now, as after the death of the process that `bus` belongs to: nothing is closed in an orderly way
    /// before it is opened. `bus` is not used any more.
    func reopenAfterCrash(_ bus: any MessageBus) async throws -> any MessageBus

    /// Closes and deletes everything.
    func tearDown() async
}

enum MessageBusAbility: Hashable, Sendable {
    /// ``MessageBusFixture/reopenAfterCrash(_:)`` finds what was acknowledged.
    case keepsDataOverReopen
    /// Names of topics that were never made are refused.
    case refusesUnknownTopics
    /// Offsets can be committed while partitions are being taken away.
    case commitsWhileRevoking
    /// The end of a partition is told right: one test broker counts a batch as one record.
    case tellsEnds
}
