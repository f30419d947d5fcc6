/// What a ``MessageBus`` could not do.
package struct BusError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The bus, or one of its consumers, was closed.
        case closed
        /// No such topic.
        case unknownTopic
        /// A topic exists in another shape than asked for.
        case topicMismatch
        /// The record is above what the bus carries; put the body into the body store.
        case recordTooLarge
        /// The partition belongs to another member.
        case notOwner
        /// A group's offset in a partition is gone, or lies outside what the log holds: the partition is not read until somebody has seen
        /// to it. The others are.
        case offsetsLost
        /// The bus cannot be written or reached now (disk full, broker away): not known to be accepted.
        case unavailable
        /// What is stored cannot be read as it should; the message says where.
        case corrupt
        /// The caller's arguments do not fit.
        case invalidArgument
    }

    package var code: Code
    /// What happened and what to do, without record contents.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        "\(self.code): \(self.message)"
    }
}
