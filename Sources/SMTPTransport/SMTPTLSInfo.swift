import NIOSSL

/// What is known of a connection's encryption.
package struct SMTPTLSInfo: Sendable, Hashable {
    /// As it is written in `Received` fields and events: `TLSv1.2`, `TLSv1.3`.
    package let version: String

    package init(version: String) {
        self.version = version
    }

    init(_ handler: NIOSSLHandler) {
        switch handler.tlsVersion {
        case .tlsv1: version = "TLSv1"
        case .tlsv11: version = "TLSv1.1"
        case .tlsv12: version = "TLSv1.2"
        case .tlsv13: version = "TLSv1.3"
        case nil: version = "TLS"
        }
    }
}
