import ChildProcesses
import TestSupport

/// Comes to the end of a load.
enum Accounting {
    /// Waits until everything answered has ended and nothing is left to do, then accounts for it all.
    static func settle(_ load: Load, sink: SinkProcess, server: ApusServer, within limit: Duration) async throws -> Account {
        let log = try await server.followEvents()
        let answered = Set(load.ledger.contents.answered.values)
        let events = try await log.untilFinal(answered, within: limit)
        // What was accepted without an answer, and copies, may still be on their way.
        do {
            _ = try await eventually(within: limit, "an empty queue", every: .milliseconds(200)) { () -> Bool? in
                try await server.queue().waiting == 0 ? true : nil
            }
        } catch {
            // What waits says more than that something does.
            throw ChildFailure("\(error)\n\(try await server.command("queue"))")
        }
        _ = try await eventually(within: .seconds(30), "the sink's connections closed") { () -> Bool? in
            try OpenConnections.count(port: sink.port) == 0 ? true : nil
        }
        let all = try log.events()
        try await log.close()
        return Account(ledger: load.ledger, copies: try sink.copies(), events: all.count > events.count ? all : events)
    }
}
