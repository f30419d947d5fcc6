package import SMTPProtocol

/// What shares connections and limits: a lane is a source address, a site and a TLS policy. TLS policy is part of it, so that one domain's strictness never stops another's mail at the same
/// site.
package struct LaneKey: Hashable, Sendable {
    /// Where its connections are opened from; nil for the host's own choice.
    package var source: SourceAddress?
    package var site: Site
    package var tls: SMTPTLSPolicy

    package init(source: SourceAddress? = nil, site: Site, tls: SMTPTLSPolicy) {
        self.source = source
        self.site = site
        self.tls = tls
    }
}
