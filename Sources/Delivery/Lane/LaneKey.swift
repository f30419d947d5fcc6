package import SMTPProtocol

/// What shares connections and limits. TLS policy is part of it, so that one domain's strictness never stops another's mail at the same
/// site.
package struct LaneKey: Hashable, Sendable {
    package var site: Site
    package var tls: SMTPTLSPolicy

    package init(site: Site, tls: SMTPTLSPolicy) {
        self.site = site
        self.tls = tls
    }
}
