package import NIOSSL

extension SESServer {
    /// Where and within which bounds the server listens.
    package struct Configuration: Sendable {
        /// The host name or address to listen on.
        package var host: String
        /// 0 lets the system choose.
        package var port: Int
        /// Certificate and key; nil for plain HTTP.
        package var tls: TLSConfiguration?
        package var timeouts: ConnectionTimeouts
        /// Open connections; above it new ones wait in the backlog.
        package var maximumConnections: Int
        package var backlog: Int
        /// One header field's name and value.
        package var maximumHeaderFieldBytes: Int
        /// All header fields of a request.
        package var maximumHeaderBytes: Int
        package var maximumHeaderFields: Int

        package init(
            host: String = "127.0.0.1", port: Int = 0, tls: TLSConfiguration? = nil, timeouts: ConnectionTimeouts = ConnectionTimeouts(),
            maximumConnections: Int = 10_000, backlog: Int = 1024, maximumHeaderFieldBytes: Int = 16 << 10,
            maximumHeaderBytes: Int = 64 << 10, maximumHeaderFields: Int = 100
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.timeouts = timeouts
            self.maximumConnections = maximumConnections
            self.backlog = backlog
            self.maximumHeaderFieldBytes = maximumHeaderFieldBytes
            self.maximumHeaderBytes = maximumHeaderBytes
            self.maximumHeaderFields = maximumHeaderFields
        }
    }
}
