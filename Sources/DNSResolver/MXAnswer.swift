/// The mail exchangers of a domain as its MX records name them.
package struct MXAnswer: Sendable, Hashable {
    /// One MX record.
    package struct Exchanger: Sendable, Hashable {
        /// Lower is tried first.
        package let preference: UInt16
        /// The host, in lower case without a final dot.
        package let host: String

        package init(preference: UInt16, host: String) {
            self.preference = preference
            self.host = host
        }
    }

    /// By ascending preference; equal ones in the order received. Empty when the domain takes no mail.
    package let exchangers: [Exchanger]
    /// Whether the domain says that it takes no mail: a single MX of the root (RFC 7505).
    package let isNull: Bool
    /// How long the answer holds, in seconds.
    package let ttl: Int
    /// Whether DNSSEC proved it.
    package let isSecure: Bool

    /// - Throws: `DNSError` with `.malformedAnswer` when no record can be used.
    init(_ answer: DNSAnswer) throws(DNSError) {
        let all = answer.records.compactMap { record -> Exchanger? in
            guard case .mx(let preference, let host) = record else { return nil }
            return Exchanger(preference: preference, host: host)
        }
        // The root beside other exchangers is against RFC 7505 §3 and simply no host.
        let hosts = all.filter { !$0.host.isEmpty }
        guard !all.isEmpty else { throw DNSError(.malformedAnswer, "no MX record can be used") }
        isNull = hosts.isEmpty
        exchangers = hosts.enumerated()
            .sorted { ($0.element.preference, $0.offset) < ($1.element.preference, $1.offset) }.map(\.element)
        ttl = answer.ttl
        isSecure = answer.isSecure
    }
}
