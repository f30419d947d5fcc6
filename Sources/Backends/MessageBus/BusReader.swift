/// Reads a topic without a group.
package protocol BusReader: Sendable {
    /// The next records, or nil at the end (when not following) or after ``close()``.
    func nextBatch() async throws -> [BusRecord]?

    /// Lets go of what the reader holds; a waiting ``nextBatch()`` returns nil.
    func close() async
}

/// Where a ``BusReader`` begins.
package enum BusReadStart: Hashable, Sendable {
    /// At the oldest record that is kept.
    case earliest
    /// After the newest record at the time of the call.
    case latest
    /// At a group's committed offsets; at the oldest record where it has none.
    case committed(group: String)
}
