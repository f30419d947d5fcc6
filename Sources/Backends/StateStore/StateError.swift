/// What a ``StateStore`` could not do.
package struct StateError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case alreadyExists
        case notFound
        /// The version is not the expected one: read again.
        case conflict
        /// The change feed no longer reaches back that far.
        case positionGone
        /// Name or value above its limit.
        case tooLarge
        /// Not reachable or not writable now.
        case unavailable
        case closed
    }

    package var code: Code
    /// What happened, without document contents.
    package var message: String
    /// The index of the mutation whose precondition failed.
    package var mutationIndex: Int?
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, mutationIndex: Int? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.mutationIndex = mutationIndex
        self.cause = cause
    }

    package var description: String { "\(self.code): \(self.message)" }
}
