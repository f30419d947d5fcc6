import Synchronization

/// What a generator has done so far, for all its loops and for those who watch.
package final class LoadProgress: Sendable {
    /// A call that begins later than this after its time is late.
    package static let lateNanoseconds: Int64 = 100_000_000

    package struct Counts: Sendable, Codable, Hashable {
        package var accepted = 0
        package var refused = 0
        package var inDoubt = 0
        package var late = 0
        package var connectFailures = 0

        package var answered: Int { accepted + refused + inDoubt }
    }

    private let sequence = Atomic<UInt64>(0)
    private let accepted = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let inDoubt = Atomic<Int>(0)
    private let late = Atomic<Int>(0)
    private let connectFailures = Atomic<Int>(0)

    package init() {}

    func nextSequence() -> UInt64 { sequence.wrappingAdd(1, ordering: .relaxed).oldValue }

    func answered(_ outcome: SentRecord.Outcome, late isLate: Bool) {
        switch outcome {
        case .accepted: accepted.wrappingAdd(1, ordering: .relaxed)
        case .refused: refused.wrappingAdd(1, ordering: .relaxed)
        case .inDoubt: inDoubt.wrappingAdd(1, ordering: .relaxed)
        }
        if isLate { late.wrappingAdd(1, ordering: .relaxed) }
    }

    func connectFailed() { connectFailures.wrappingAdd(1, ordering: .relaxed) }

    package var counts: Counts {
        Counts(
            accepted: accepted.load(ordering: .relaxed), refused: refused.load(ordering: .relaxed), inDoubt: inDoubt.load(ordering: .relaxed),
            late: late.load(ordering: .relaxed), connectFailures: connectFailures.load(ordering: .relaxed))
    }
}
