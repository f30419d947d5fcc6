/// A route that cannot be read; the message is for whoever wrote it.
package struct RouteError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        case missingTarget
        case invalidPattern
        case invalidHost
        case invalidPort
        /// The same pattern twice.
        case duplicate
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}
