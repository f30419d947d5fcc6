/// A lane's share of the connections of a worker. All of it may be called anywhere, and is short.
struct LaneSupply: Sendable {
    /// Wants a connection.
    ///
    /// - Returns: false when there is no room: ``Lane/supplied()`` is called when there is.
    var take: @Sendable () -> Bool
    /// A connection is closed, or was not opened after all.
    var release: @Sendable () -> Void
    /// So many are not waited for any more.
    var withdraw: @Sendable (Int) -> Void
    /// Whether connections can be opened from the lane's own address; said after each attempt to open one from it.
    var noteSource: @Sendable (_ isUsable: Bool) -> Void
    /// Whether a connection that has just finished a message is to be given up for another lane.
    var yields: @Sendable (_ isSpare: Bool, _ hasServed: Bool) -> Bool
    /// Whether lanes wait for connections.
    var isShort: @Sendable () -> Bool
}
