/// What PostgreSQL, or libpq on the way to it, could not do.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The connection string or a parameter is not usable.
        case configuration
        /// There is no connection to be had: no server, no network, or the login was refused.
        case unreachable
        /// The connection broke; what was under way was not committed, unless it said so itself.
        case connectionLost
        /// The connection broke or time ran out while a commit was under way: it may have happened.
        case outcomeUnknown
        /// The server refused a statement; see ``PostgresError/sqlState``.
        case server
        /// A statement or the wait for a connection took longer than its limit.
        case timeout
        /// Too much is waiting for a connection already.
        case overloaded
        /// A result is not what the caller asked to read.
        case unexpectedResult
        /// The client was closed.
        case closed
    }

    package var code: Code
    /// The server's code for it, where it is the server's.
    package var sqlState: SQLState?
    /// What happened and what to do; neither passwords nor the contents of statements.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, sqlState: SQLState? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.sqlState = sqlState
        self.message = message
        self.cause = cause
    }

    package var description: String { "\(self.code)\(self.sqlState.map { " \($0)" } ?? ""): \(self.message)" }

    /// Nothing was committed, and the same transaction may succeed at another try.
    package var isTransient: Bool {
        self.code == .connectionLost || self.sqlState?.isTransactionConflict == true
    }

    static let closed = PostgresError(.closed, "the PostgreSQL client is closed")
}
