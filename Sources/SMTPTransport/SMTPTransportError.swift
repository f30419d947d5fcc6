/// A transport cannot be set up as configured.
package struct SMTPTransportError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// TLS is wanted and the configuration has no TLS context.
        case noTLSContext
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    package var description: String {
        switch code {
        case .noTLSContext: "TLS is configured without a certificate or trust settings"
        }
    }
}
