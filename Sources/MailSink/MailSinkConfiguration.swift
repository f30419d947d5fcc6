import NIOCore
package import SMTPProtocol
package import SMTPTransport

/// How a ``MailSink`` behaves.
package struct MailSinkConfiguration: Sendable {
    /// Where a sink's certificate comes from.
    package enum TLS: Sendable, Hashable {
        /// STARTTLS is not offered.
        case none
        /// Made at start, valid for `localhost`, the sink's host name and loopback addresses.
        case selfSigned
        /// PEM files: certificate chain and key.
        case files(certificate: String, key: String)
    }

    /// At least one. Port 0 takes a free one.
    package var listeners: [SMTPListener]
    /// Our name in greeting and EHLO reply.
    package var hostname = "sink.invalid"
    package var tls = TLS.none
    /// What is made of ``tls``.
    package var encryption = MailSinkEncryption.optional
    package var rules = MailSinkRules()
    package var limits = MailSinkLimits()
    package var latency = MailSinkLatency()
    /// Domains whose recipients it knows; others are refused. nil knows all.
    package var domains: [DomainPattern]?
    /// What recipients do with what they get; played by ``reactionSender``.
    package var reactions = MailSinkReactions()
    package var reactionSender: ReactionSender?
    /// The time of rules and limits.
    package var clock = MailSinkClock.system
    /// Folder where each message is stored with its envelope; made when missing. nil stores nothing.
    package var storeDirectory: String?
    /// How many of the latest messages are kept in memory for ``MailSink/messages``. Their octets are bounded by ``keptOctets``.
    package var keptMessages = 0
    package var keptOctets = 256 << 20
    /// Whether copies are counted by the value of the field `X-Load-Id`, or `Message-ID` where there is none.
    package var countsCopies = false
    /// Different ids counted at most; further ones only increase a counter.
    package var countedIDs = 20_000_000
    /// Where the exact account of what happens to each recipient goes; nil keeps none. Several sinks may share one.
    package var arrivals: RecordLogWriter<Arrival>?
    /// This sink's number in ``Arrival/provider``.
    package var provider: UInt16 = 0
    /// Wrong accounts on purpose, for tests of what reads them.
    package var sabotage: Sabotage?
    /// Event loops of the sink's own group; nil is one per core.
    package var loops: Int?
    /// Dialogue limits and extensions. The host name is taken from ``hostname``.
    package var session: SMTPServerSession.Configuration
    package var idleTimeout: Duration = .seconds(300)
    package var maximumConnections = 20_000

    package init(listeners: [SMTPListener]) {
        self.listeners = listeners
        self.session = SMTPServerSession.Configuration(hostname: hostname)
    }

    /// A sink on a free port of 127.0.0.1, for tests.
    package static func loopback() throws -> MailSinkConfiguration {
        MailSinkConfiguration(listeners: [SMTPListener(address: try SocketAddress(ipAddress: "127.0.0.1", port: 0))])
    }
}
