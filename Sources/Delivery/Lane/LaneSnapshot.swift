package import ApusCore

/// A lane as operators see it.
package struct LaneSnapshot: Hashable, Sendable {
    package var site: String
    /// At most ten destinations that used the lane last.
    package var destinations: [String]
    package var waiting: Int
    package var active: Int
    package var connections: Int
    package var deferred: Int
    /// When the oldest waiting message was accepted; nil for none.
    package var oldestAcceptedAt: UnixMilliseconds?
    /// The last reply that was no success, or the connection's failure; empty for none.
    package var lastReply: String
    package var lastReplyAt: UnixMilliseconds?
    package var waitsFor: String

    /// Whether there is anything to tell.
    package var isWorthTelling: Bool {
        self.waiting + self.active + self.connections + self.deferred > 0 || !self.lastReply.isEmpty
    }
}
