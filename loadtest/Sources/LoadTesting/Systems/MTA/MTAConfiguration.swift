package import NIOCore

/// How a mail server beside Apus is set up: all of them take the same.
package struct MTAConfiguration: Sendable {
    /// Where `scripts/deps-mta.sh` unpacks: `.build-tools`.
    package var tools: String
    /// A folder of its own; made when missing. Its queue is in there.
    package var folder: String
    /// Where everything is delivered, an IPv4 address.
    package var sink: SocketAddress
    /// How many connections are expected at the entrance, and how many are used to the sink.
    package var connections = 20
    /// Whether each message gets a DKIM signature, RSA-2048, relaxed/relaxed.
    package var isSigning: Bool
    /// The domain that signs.
    package var domain = "example.com"

    package init(tools: String, folder: String, sink: SocketAddress, isSigning: Bool = true) {
        self.tools = tools
        self.folder = folder
        self.sink = sink
        self.isSigning = isSigning
    }

    var sinkHost: String { sink.ipAddress ?? "127.0.0.1" }
    var sinkPort: Int { sink.port ?? 25 }
    /// For the report.
    var signing: String { isSigning ? "RSA-2048, relaxed/relaxed" : "none" }
}
