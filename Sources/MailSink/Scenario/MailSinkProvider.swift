/// A mailbox provider that a sink plays.
package struct MailSinkProvider: Sendable {
    /// Where it listens.
    package enum Addresses: Sendable, Hashable {
        /// So many addresses in a row, given out in the order of the providers.
        case count(Int)
        case list([String])
    }

    package var name: String
    /// Domains whose mail goes to it.
    package var domains: [DomainPattern]
    package var addresses = Addresses.count(1)
    /// Name of its mail exchanger, in greeting and EHLO reply too. nil is `mx.` and its first domain.
    package var hostname: String?
    /// nil is what the sink as a whole is set to.
    package var encryption: MailSinkEncryption?
    package var limits = MailSinkLimits()
    package var rules: [MailSinkRule] = []
    package var latency = MailSinkLatency()
    /// Whether it refuses recipients in domains that are not its own.
    package var strictDomains = false
    package var reactions = MailSinkReactions()

    package init(name: String, domains: [DomainPattern]) {
        self.name = name
        self.domains = domains
    }

    /// ``hostname``, or the name made of the first domain.
    package var mailExchanger: String {
        if let hostname { return hostname }
        guard let base = domains.first?.base, !base.isEmpty else { return "mx.sink.test" }
        return "mx.\(base)"
    }
}
