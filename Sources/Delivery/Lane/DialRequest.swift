package import NIOCore
package import SMTPProtocol

/// A lane's wish for one more connection.
package struct DialRequest: Sendable {
    /// Tried in their order.
    package var hosts: MailHosts
    /// Where to connect from; nil for the host's own choice.
    package var source: SourceAddress?
    package var tls: SMTPTLSPolicy
    /// Hosts whose TLS is known to be broken, spoken to in clear where the policy allows it.
    package var clearHosts: Set<String>
    package var eventLoop: any EventLoop
    /// Called once, anywhere.
    package var completion: @Sendable (DialOutcome) -> Void

    package init(
        hosts: MailHosts, source: SourceAddress? = nil, tls: SMTPTLSPolicy, clearHosts: Set<String>, eventLoop: any EventLoop,
        completion: @escaping @Sendable (DialOutcome) -> Void
    ) {
        self.hosts = hosts
        self.source = source
        self.tls = tls
        self.clearHosts = clearHosts
        self.eventLoop = eventLoop
        self.completion = completion
    }
}
