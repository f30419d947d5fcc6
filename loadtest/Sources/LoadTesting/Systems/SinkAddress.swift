package import NIOCore

/// Where a system under load delivers to.
package struct SinkAddress: Sendable {
    /// The sink; of several listeners the first.
    package var address: SocketAddress
    /// `HOST@PORT` of the DNS server that says where each domain's mail goes, to the port of ``address``. nil when everything goes to ``address``.
    package var resolver: String?

    package init(address: SocketAddress, resolver: String? = nil) {
        self.address = address
        self.resolver = resolver
    }
}
