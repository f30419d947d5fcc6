internal import Synchronization

/// How a ``PostgresClient`` does.
package struct PostgresStatus: Hashable, Sendable {
    /// Connections that are open or being made, those that listen not among them.
    package var connections: Int
    /// Calls that wait for a connection.
    package var waitingCalls: Int
    /// Connections that were made, those that listen among them.
    package var connectsMade: Int
    /// Tries to connect that failed.
    package var connectsFailed: Int
}

/// The same, written by the client's thread and read by any.
final class PostgresCounts: Sendable {
    let connections = Atomic(0)
    let waitingCalls = Atomic(0)
    let connectsMade = Atomic(0)
    let connectsFailed = Atomic(0)

    var status: PostgresStatus {
        PostgresStatus(
            connections: self.connections.load(ordering: .relaxed), waitingCalls: self.waitingCalls.load(ordering: .relaxed),
            connectsMade: self.connectsMade.load(ordering: .relaxed), connectsFailed: self.connectsFailed.load(ordering: .relaxed))
    }
}
