/// What kind of failure a delivery met, so that nobody downstream reads texts.
package enum SMTPFailureClass: String, Sendable, Hashable {
    /// The server, or a limit it stated, refuses for good.
    case permanent
    /// Another attempt may succeed.
    case transient
    /// Our own rule, such as required TLS, forbids what the server offers.
    case policy
    /// Nothing the server did.
    case `internal`
}
