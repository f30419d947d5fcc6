/// What a server's replies may not exceed.
package struct RESPLimits: Hashable, Sendable {
    /// The longest line, in bytes.
    package var lineBytes: Int
    /// The longest bulk string, in bytes.
    package var bulkBytes: Int
    /// The most bytes of one reply.
    package var replyBytes: Int
    /// The most values in one reply, at all levels together.
    package var values: Int
    /// How deep arrays may lie in one another.
    package var depth: Int

    package init(
        lineBytes: Int = 64 << 10, bulkBytes: Int = 16 << 20, replyBytes: Int = 64 << 20, values: Int = 1 << 20, depth: Int = 8
    ) {
        self.lineBytes = lineBytes
        self.bulkBytes = bulkBytes
        self.replyBytes = replyBytes
        self.values = values
        self.depth = depth
    }
}
