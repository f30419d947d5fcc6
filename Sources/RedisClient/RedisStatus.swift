/// What a client is doing, for metrics.
package struct RedisStatus: Hashable, Sendable {
    /// Connections that take commands.
    package var connectionsUp: Int
    /// Connections that came up since the client was made.
    package var connectionsMade: Int
    /// Commands handed over and not answered.
    package var commands: Int
    /// Their bytes.
    package var commandBytes: Int
}
