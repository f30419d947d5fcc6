/// Where PostgreSQL is, and what a client of it may use.
package struct PostgresConfiguration: Sendable, CustomStringConvertible {
    /// A libpq connection string: `postgresql://user:password@host:port/database?sslmode=verify-full&sslrootcert=…` or `key=value …`.
    ///
    /// All that libpq knows may stand in it: several hosts, `sslmode`, `passfile`, `service`, `options`. Sessions that cannot write
    /// are refused unless it names a `target_session_attrs` of its own.
    package var connectionString: String
    /// The most connections that statements run on; each subscription has one more.
    package var maximumConnections: Int
    /// The most calls that wait for a connection; those above fail at once.
    package var maximumWaiting: Int
    /// The most parameter bytes of calls that wait for a connection; calls above fail at once.
    package var maximumWaitingBytes: Int
    /// How long a connection may take to be made, for each address; whole seconds, at least 2. The connection string's
    /// `connect_timeout` comes first.
    package var connectTimeout: Duration
    /// How long a call waits for a connection.
    package var acquireTimeout: Duration
    /// How long the statements of one call may take together; the server ends each one after as long by itself.
    package var statementTimeout: Duration
    /// How long a transaction may stand open with nothing going on before the server ends it, and with it the locks of a process that
    /// was stopped.
    package var idleTransactionTimeout: Duration
    /// How long an unused connection is kept.
    package var idleTimeout: Duration
    /// The pause after the first failure to connect; it doubles with every further one.
    package var initialBackoff: Duration
    /// The longest pause between tries to connect.
    package var maximumBackoff: Duration
    /// Whether statements are prepared once per connection. False behind a pooler that hands out sessions by transaction.
    package var preparesStatements: Bool

    package init(
        _ connectionString: String, maximumConnections: Int = 8, maximumWaiting: Int = 2_000, maximumWaitingBytes: Int = 64 << 20,
        connectTimeout: Duration = .seconds(3), acquireTimeout: Duration = .seconds(5), statementTimeout: Duration = .seconds(10),
        idleTransactionTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(300), initialBackoff: Duration = .milliseconds(50),
        maximumBackoff: Duration = .seconds(1), preparesStatements: Bool = true
    ) {
        self.connectionString = connectionString
        self.maximumConnections = max(maximumConnections, 1)
        self.maximumWaiting = maximumWaiting
        self.maximumWaitingBytes = maximumWaitingBytes
        self.connectTimeout = connectTimeout
        self.acquireTimeout = acquireTimeout
        self.statementTimeout = statementTimeout
        self.idleTransactionTimeout = idleTransactionTimeout
        self.idleTimeout = idleTimeout
        self.initialBackoff = initialBackoff
        self.maximumBackoff = maximumBackoff
        self.preparesStatements = preparesStatements
    }

    /// Without the connection string, which may hold a password.
    package var description: String { "PostgreSQL, at most \(self.maximumConnections) connections" }
}
