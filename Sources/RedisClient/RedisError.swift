/// What could not be done with a Redis server.
package struct RedisError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// No connection came up within the command's time limit.
        case unreachable
        /// The answer did not come within the command's time limit.
        case timedOut
        /// The connection ended while the command was on its way.
        case connectionLost
        /// More commands, or bytes, are under way than the client's bounds allow; nothing was sent.
        case overloaded
        /// The server does not take the credentials, or wants some.
        case authentication
        /// The server's bytes are no RESP2, or break its limits.
        case protocolViolation
        /// The server answered with an error, whose first word this is.
        case reply(String)
        /// The configuration does not fit.
        case invalidConfiguration
        case closed
    }

    package let code: Code
    /// What happened and what to do; never a key, an argument or a secret.
    package let message: String
    /// Whether the server may have carried the command out.
    package let mayHaveRun: Bool
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, mayHaveRun: Bool = false, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.mayHaveRun = mayHaveRun
        self.cause = cause
    }

    /// What the server answered. A script that fails halfway has run to there.
    init(_ reply: RedisReplyError) {
        let isRefusal = ["NOSCRIPT", "LOADING", "NOAUTH", "NOPERM", "READONLY", "MASTERDOWN", "BUSY", "OOM", "CLUSTERDOWN", "MISCONF"]
            .contains(reply.code)
        self.init(.reply(reply.code), "the Redis server answered \(reply.code)", mayHaveRun: !isRefusal)
    }

    package var description: String { "\(self.code): \(self.message)" }
}
