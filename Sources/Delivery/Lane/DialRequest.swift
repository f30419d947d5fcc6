package import NIOCore
package import SMTPProtocol

/// A lane's wish for one more connection.
package struct DialRequest: Sendable {
    package var site: Site
    package var tls: SMTPTLSPolicy
    /// Hosts whose TLS is known to be broken, spoken to in clear where the policy allows it.
    package var clearHosts: Set<String>
    package var eventLoop: any EventLoop
    /// Called once, anywhere.
    package var completion: @Sendable (DialOutcome) -> Void

    package init(
        site: Site, tls: SMTPTLSPolicy, clearHosts: Set<String>, eventLoop: any EventLoop,
        completion: @escaping @Sendable (DialOutcome) -> Void
    ) {
        self.site = site
        self.tls = tls
        self.clearHosts = clearHosts
        self.eventLoop = eventLoop
        self.completion = completion
    }
}

/// How a ``DialRequest`` ended.
package enum DialOutcome: Sendable {
    /// A session is ready for mail. `brokenTLSHost` names a host that had to be spoken to in clear because its TLS is broken.
    case connected(any MailSession, brokenTLSHost: String?)
    /// No address of no host would do; the failure is that of the last one tried.
    case failed(DeliveryFailure)
}
