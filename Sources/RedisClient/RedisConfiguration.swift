package import NIOSSL

/// Where a Redis server is, and how long to wait for it.
package struct RedisConfiguration: Sendable {
    package var host: String
    package var port: Int
    /// nil sends no AUTH.
    package var credentials: RedisCredentials?
    /// The database that SELECT takes.
    package var database: Int
    /// nil speaks plain text.
    package var tls: TLSConfiguration?
    /// The name that the certificate must have; nil is ``host``.
    package var tlsServerName: String?
    /// What `CLIENT LIST` shows; no blanks.
    package var clientName: String
    /// How many connections; commands go to the one with the fewest under way.
    package var connections: Int
    /// How long connecting, TLS and authentication together may take.
    package var connectTimeout: Duration
    /// How long a command may take from being handed over to its answer, unless it says otherwise.
    package var commandTimeout: Duration
    /// A connection that has given no answer for so long, while one is due, is closed and made anew.
    package var stallTimeout: Duration
    /// The pause after the first failure to connect; doubled with every further one.
    package var backoff: Duration
    package var maximumBackoff: Duration
    /// The most commands handed over and not answered; above it commands fail with ``RedisError/Code/overloaded``.
    package var maximumCommands: Int
    /// The most bytes of such commands.
    package var maximumCommandBytes: Int
    /// What replies may not exceed.
    package var limits: RESPLimits

    package init(
        host: String, port: Int = 6379, credentials: RedisCredentials? = nil, database: Int = 0, tls: TLSConfiguration? = nil,
        tlsServerName: String? = nil, clientName: String = "apus", connections: Int = 2, connectTimeout: Duration = .seconds(5),
        commandTimeout: Duration = .seconds(2), stallTimeout: Duration = .seconds(10), backoff: Duration = .milliseconds(50),
        maximumBackoff: Duration = .seconds(5), maximumCommands: Int = 50_000, maximumCommandBytes: Int = 64 << 20,
        limits: RESPLimits = RESPLimits()
    ) {
        self.host = host
        self.port = port
        self.credentials = credentials
        self.database = database
        self.tls = tls
        self.tlsServerName = tlsServerName
        self.clientName = clientName
        self.connections = connections
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.stallTimeout = stallTimeout
        self.backoff = backoff
        self.maximumBackoff = maximumBackoff
        self.maximumCommands = maximumCommands
        self.maximumCommandBytes = maximumCommandBytes
        self.limits = limits
    }
}
