/// What a throttling engine could not do.
package struct ThrottlingError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Not reachable, not writable, or too busy now; nothing is known to have changed.
        case unavailable
        /// The recipients are not claimed by this owner any more: it was taken for dead, and another has them.
        case claimLost
        /// The caller's arguments do not fit.
        case invalidArgument
        /// What is stored cannot be read as it should; the message says where.
        case corrupt
        case closed
    }

    package var code: Code
    /// What happened, without addresses.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { "\(self.code): \(self.message)" }
}
