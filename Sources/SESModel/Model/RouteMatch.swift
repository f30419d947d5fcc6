/// An operation found for a request line.
package struct RouteMatch: Sendable {
    package let operation: Operation
    /// The path's labels, still percent-encoded, by member name.
    package let labels: [(name: String, value: Substring)]
}
