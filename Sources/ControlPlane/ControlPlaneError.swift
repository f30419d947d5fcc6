/// What the control plane could not do.
package struct ControlPlaneError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case alreadyExists
        case notFound
        /// The caller's values do not fit; the message says which and why, in SES's words where they are known.
        case invalid
        case limitExceeded
        /// Somebody else changed it at the same time, again and again.
        case conflict
        /// The store cannot be read or written now.
        case unavailable
        /// A stored document or secret cannot be read with what this process has.
        case unreadable
    }

    package var code: Code
    /// For the client: it may repeat names that the client gave.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// For logs: without the message, which may hold an address.
    package var description: String {
        switch self.code {
        case .unavailable, .unreadable: "\(self.code): \(self.message)"
        default: "control plane: \(self.code)"
        }
    }
}
