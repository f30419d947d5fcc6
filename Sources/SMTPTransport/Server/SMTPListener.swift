package import NIOCore

/// An address that an ``SMTPServer`` listens on.
package struct SMTPListener: Sendable {
    /// Port 0 takes a free one.
    package var address: SocketAddress
    /// Whether connections start with TLS (RFC 8314).
    package var isImplicitTLS: Bool

    package init(address: SocketAddress, isImplicitTLS: Bool = false) {
        self.address = address
        self.isImplicitTLS = isImplicitTLS
    }
}
