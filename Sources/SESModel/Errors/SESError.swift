/// An answer that says no, as SES words it. Thrown by everything between the HTTP request and the bus.
package struct SESError: Error, Hashable, Sendable {
    package let kind: Kind
    /// The text for the caller. It may quote the caller's own input, so it goes into the answer and never into a log.
    package let message: String?

    /// - Parameters:
    ///   - kind: decides the wire name and the HTTP status.
    ///   - message: nil is written as JSON null, as SES does in places.
    package init(_ kind: Kind, _ message: String?) {
        self.kind = kind
        self.message = message
    }

    /// Bad input, in the caller's words.
    package static func badRequest(_ message: String) -> SESError { SESError(.badRequest, message) }

    /// A request that is not JSON of the right types.
    package static func serialization(_ message: String) -> SESError { SESError(.serialization, message) }
}

extension SESError: CustomStringConvertible {
    /// The wire name alone: the message may hold addresses.
    package var description: String { self.kind.rawValue }
}
