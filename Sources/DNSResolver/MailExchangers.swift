/// Where the mail of a domain goes: hosts with their addresses, in the order in which they are tried.
package struct MailExchangers: Sendable, Hashable {
    /// One host.
    package struct Host: Sendable, Hashable {
        /// In lower case without a final dot.
        package let name: String
        /// The preference of its MX record, 0 for a domain that has none.
        package let preference: UInt16
        /// At least one, in the order in which they are tried.
        package let addresses: [IPAddress]

        package init(name: String, preference: UInt16, addresses: [IPAddress]) {
            self.name = name
            self.preference = preference
            self.addresses = addresses
        }
    }

    /// At least one, by ascending preference; equal ones in random order.
    package let hosts: [Host]
    /// Whether the domain has no MX record and is its own host (RFC 5321 §5.1).
    package let isImplicit: Bool
    /// How long the list of hosts holds, in seconds.
    package let ttl: Int
    /// Whether DNSSEC proved the list of hosts, which is what DANE needs first (RFC 7672 §2.2).
    package let isSecure: Bool

    package init(hosts: [Host], isImplicit: Bool, ttl: Int, isSecure: Bool) {
        self.hosts = hosts
        self.isImplicit = isImplicit
        self.ttl = ttl
        self.isSecure = isSecure
    }
}
