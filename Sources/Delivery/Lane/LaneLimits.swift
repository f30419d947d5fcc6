/// The bounds of one lane.
package struct LaneLimits: Hashable, Sendable {
    /// Open connections at most.
    package var connections = 20
    /// Connections that are opened before the first one has worked.
    package var initialConnections = 5
    /// The share of the connections that bulk messages leave to transactional ones, 0 to 1; one at least where there are two, unless it is 0.
    package var transactionalReserve = 0.25
    /// Messages over one connection before it is closed.
    package var messagesPerConnection = 200
    /// Refused recipients over one connection before it is closed: servers close it after a number of errors, ten or twenty with most, and
    /// then somebody else's message is deferred for it.
    package var refusalsPerConnection = 8
    /// How long a connection is kept open without work.
    package var idleTimeout: Duration = .seconds(30)
    /// Waiting messages at most.
    package var waiting = 20_000
    /// Octets of waiting messages at most.
    package var waitingOctets = 128 << 20
    /// How long a message may wait before it is held instead.
    package var patience: Duration = .seconds(30)
    /// How long more than a few messages wait while no connection has been opened at all.
    package var connectPatience: Duration = .seconds(5)
    /// So many messages are taken whatever the expected wait.
    package var assuredWaiting = 100
    /// The pause after the first failure to connect, doubled after each further one.
    package var firstBackoff: Duration = .seconds(5)
    /// The longest pause.
    package var longestBackoff: Duration = .seconds(300)

    package init() {}
}
