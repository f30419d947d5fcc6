/// Why no host for a domain's mail was found.
package struct MailExchangerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds, each with its status of RFC 3463.
    package enum Code: String, Sendable, Hashable {
        /// The domain does not exist, or is no domain name.
        case noSuchDomain
        /// The domain says that it takes no mail (RFC 7505).
        case nullMX
        /// The domain names no host with an address that mail can be sent to.
        case noUsableHost
        /// The answer is not to be had now, or DNSSEC shows it to be false.
        case temporaryFailure
    }

    /// The kind.
    package let code: Code
    /// What the DNS said, when it is its failure.
    package let cause: DNSError?

    package init(_ code: Code, cause: DNSError? = nil) {
        self.code = code
        self.cause = cause
    }

    /// Whether trying later is of no use.
    package var isPermanent: Bool { code != .temporaryFailure }

    /// The enhanced status code: RFC 3463 §3, RFC 7505 §4.
    package var enhancedStatus: String {
        switch code {
        case .noSuchDomain: "5.1.2"
        case .nullMX: "5.1.10"
        case .noUsableHost: "5.4.4"
        case .temporaryFailure: "4.4.3"
        }
    }

    package var description: String {
        switch code {
        case .noSuchDomain: "the recipient's domain does not exist"
        case .nullMX: "the recipient's domain takes no mail"
        case .noUsableHost: "the recipient's domain has no mail server with a usable address"
        case .temporaryFailure: "the mail servers of the recipient's domain cannot be looked up now"
        }
    }
}
