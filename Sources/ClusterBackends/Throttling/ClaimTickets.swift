internal import Synchronization

/// The tickets of claims of which no answer came.
///
/// Redis may have carried such a claim out: then the markers are this owner's, and asking again would be told that a living owner has them,
/// for ever. The next claim of the same markers shows the ticket, and gets them.
final class ClaimTickets: Sendable {
    private struct State {
        var next = UInt64.random(in: 1 ... .max / 2)
        var open: [[UInt8]: UInt64] = [:]
    }

    /// Beyond it, markers of claims without an answer stay their owner's until it ends.
    private static let maximumOpen = 200_000

    private let state = Mutex(State())

    /// A ticket, and for each marker the one of an earlier claim without an answer.
    func draw(_ markers: [[UInt8]]) -> (ticket: UInt64, earlier: [UInt64?]) {
        self.state.withLock { state in
            state.next += 1
            return (state.next, state.open.isEmpty ? Array(repeating: nil, count: markers.count) : markers.map { state.open[$0] })
        }
    }

    /// The claim was answered.
    func answered(_ markers: [[UInt8]], earlier: [UInt64?]) {
        guard earlier.contains(where: { $0 != nil }) else { return }
        self.state.withLock { state in
            for marker in markers { state.open[marker] = nil }
        }
    }

    /// No answer came, though it may have been carried out.
    func leftOpen(_ markers: [[UInt8]], ticket: UInt64) {
        self.state.withLock { state in
            for marker in markers where state.open.count < Self.maximumOpen { state.open[marker] = ticket }
        }
    }
}
