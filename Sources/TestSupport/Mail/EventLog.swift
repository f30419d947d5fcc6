package import ChildProcesses
import Synchronization

/// The events as `apus events tail --from-start --follow` prints them, waited for without asking again and again.
package final class EventLog: Sendable {
    private let child: Child
    private let state = Mutex((next: 0, events: [SESEvent]()))

    package init(child: Child) {
        self.child = child
    }

    /// What came so far.
    package func events() throws -> [SESEvent] {
        try self.state.withLock { state in
            let new = self.child.output.lines(from: state.next)
            state.events += try new.lines.map { try SESEvent(line: $0) }
            state.next = new.next
            return state.events
        }
    }

    /// Waits until the events satisfy `condition`, and gives them.
    ///
    /// - Throws: ``ChildFailure`` when the log ends first; ``DeadlineExceeded`` with a count of the types that came.
    package func until(
        within limit: Duration, _ what: String, _ condition: @escaping @Sendable ([SESEvent]) -> Bool
    ) async throws -> [SESEvent] {
        do {
            return try await ChildProcesses.within(limit, what) { [self] in
                try await self.child.output.changed.first { () throws -> [SESEvent]? in
                    let isFinished = self.child.output.isFinished
                    let events = try self.events()
                    if condition(events) { return events }
                    if isFinished { throw ChildFailure("the event log ended before \(what)") }
                    return nil
                }
            }
        } catch let error as DeadlineExceeded {
            let types = try self.events().reduce(into: [String: Int]()) { $0[$1.type, default: 0] += 1 }
            let last = try self.events().last?.line.suffix(400) ?? ""
            throw DeadlineExceeded(description: "\(error.description); events so far: \(types), the last one: …\(last)")
        }
    }

    /// Waits until each of these messages has a Delivery, a Bounce or a Reject.
    package func untilFinal(_ messageIDs: Set<String>, within limit: Duration) async throws -> [SESEvent] {
        try await self.until(within: limit, "the end of \(messageIDs.count) messages") { events in
            messageIDs.isSubset(of: Set(events.lazy.filter(\.isFinal).map(\.messageID)))
        }
    }

    /// Ends the follower.
    package func close() async throws {
        try await self.child.kill()
    }
}
