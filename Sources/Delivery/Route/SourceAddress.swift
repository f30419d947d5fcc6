internal import NIOCore

/// An address of this host that connections are opened from.
package struct SourceAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 or IPv6 address, without port or brackets.
    package let text: String
    package let isIPv6: Bool

    /// - Returns: nil when the text is no IP address.
    package init?(_ text: String) {
        guard let address = try? SocketAddress(ipAddress: text, port: 0), let normal = address.ipAddress else { return nil }
        self.text = normal
        self.isIPv6 = address.protocol == .inet6
    }

    package var description: String { self.text }
}
