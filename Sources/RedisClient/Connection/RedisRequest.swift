internal import NIOCore

/// A command on its way, and who waits for its answer.
struct RedisRequest: Sendable {
    let id: UInt64
    let command: RedisCommand
    let deadline: Int64
    let completion: @Sendable (Result<RESPValue, any Error>) -> Void

    /// What it counts in the client's bounds.
    var byteCount: Int { self.command.bytes.readableBytes }
}
