/// What a name has of one type.
package struct DNSAnswer: Sendable, Hashable {
    /// The name that has the records: the one asked for, or the end of its aliases.
    package let canonicalName: String
    /// At least one, in the order received.
    package let records: [DNSRecord]
    /// How long the answer holds, in seconds.
    package let ttl: Int
    /// Whether DNSSEC proved it.
    package let isSecure: Bool

    package init(canonicalName: String, records: [DNSRecord], ttl: Int, isSecure: Bool) {
        self.canonicalName = canonicalName
        self.records = records
        self.ttl = ttl
        self.isSecure = isSecure
    }
}
