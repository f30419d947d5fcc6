/// A type of resource record that this resolver asks for.
///
/// The raw value is the number on the wire (RFC 1035 §3.2.2, RFC 3596 §2.1).
package enum DNSRecordType: UInt16, Sendable, Hashable, CaseIterable {
    /// An IPv4 address.
    case a = 1
    /// An alias.
    case cname = 5
    /// A mail exchanger.
    case mx = 15
    /// Text: SPF, DKIM keys, DMARC policies.
    case txt = 16
    /// An IPv6 address.
    case aaaa = 28
}
