extension UnboundResolver {
    /// Where answers come from and what they must prove.
    package struct Configuration: Sendable, Hashable {
        /// Who is asked.
        package enum Upstream: Sendable, Hashable {
            /// The name servers of a resolv.conf file.
            case system(path: String)
            /// These servers, `HOST` or `HOST@PORT`, addresses only; they resolve for us.
            case servers([String])
            /// Nobody: the resolver asks the root, and from there on, itself.
            case recursion
        }

        /// How answers are validated.
        package enum Validation: Sendable, Hashable {
            /// From the root's keys of 2017 and 2024, built in.
            case rootKeys
            /// From the DS or DNSKEY records of a zone file.
            case anchorFile(String)
            /// From these DS or DNSKEY records, one each in zone file form.
            case anchors([String])
            /// Not at all; nothing is ever secure. For forwarders that strip signatures.
            case off
        }

        /// Who is asked.
        package var upstream: Upstream
        /// How answers are validated.
        package var validation: Validation
        /// Zones that are not validated, with what is below them: private and test zones.
        package var insecureDomains: [String] = []
        /// When a look-up ends with `.timeout`, whatever libunbound is still trying.
        package var timeout: Duration = .seconds(15)
        /// How many different look-ups may be under way; one more ends with `.overloaded`.
        package var maximumPending = 10_000
        /// The longest an answer is kept, in seconds.
        package var maximumCacheTTL = 86_400
        /// The longest the absence of a name or type is kept, in seconds.
        package var maximumNegativeCacheTTL = 900
        /// Size of the cache of messages, in bytes; that of records is twice as large.
        package var cacheByteCount = 16 << 20

        /// - Parameters:
        ///   - servers: `HOST` or `HOST@PORT`; empty asks the servers of `/etc/resolv.conf`.
        ///   - validation: from the root's keys unless told otherwise.
        package init(servers: [String] = [], validation: Validation = .rootKeys) {
            upstream = servers.isEmpty ? .system(path: "/etc/resolv.conf") : .servers(servers)
            self.validation = validation
        }
    }
}
