import SMTPProtocol

extension MailSinkConfiguration {
    /// Makes a provider of it.
    mutating func apply(_ provider: MailSinkProvider, seed: UInt64) {
        // A provider for everything has no name of its own.
        if provider.hostname != nil || provider.domains.contains(where: { !$0.base.isEmpty }) { hostname = provider.mailExchanger }
        rules = MailSinkRules(provider.rules, seed: seed)
        limits = provider.limits
        latency = provider.latency
        domains = provider.strictDomains ? provider.domains : nil
        reactions = provider.reactions
        // Refusing is what some of them are for.
        session.errors = max(session.errors, 10_000)
        if let encryption = provider.encryption {
            self.encryption = encryption
            if encryption == .optional || encryption == .required, tls == .none { tls = .selfSigned }
        }
    }
}
