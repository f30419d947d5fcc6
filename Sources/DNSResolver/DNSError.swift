/// Why a look-up gave no records.
///
/// The description holds neither the name asked for nor anything from the network.
package struct DNSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds, which callers treat differently.
    package enum Code: String, Sendable, Hashable {
        /// The name does not exist (NXDOMAIN).
        case noSuchDomain
        /// The name exists and has no record of this type.
        case noData
        /// Servers answered that they cannot say, or not at all: try again later.
        case temporaryFailure
        /// No answer before the deadline: try again later.
        case timeout
        /// DNSSEC shows that the answer was changed or is out of date: try again later, never use it.
        case bogus
        /// What was asked for is no domain name.
        case invalidName
        /// The records are there and none can be used.
        case malformedAnswer
        /// As many look-ups are under way as may be.
        case overloaded
        /// The resolver is closed or could not be started.
        case closed
    }

    /// The kind.
    package let code: Code
    /// One fixed sentence.
    package let message: String
    /// How long a `noSuchDomain` or `noData` holds, in seconds; 0 for all others.
    package let ttl: Int
    /// Whether DNSSEC proved a `noSuchDomain` or `noData`.
    package let isSecure: Bool

    package init(_ code: Code, _ message: String, ttl: Int = 0, isSecure: Bool = false) {
        self.code = code
        self.message = message
        self.ttl = ttl
        self.isSecure = isSecure
    }

    /// Whether the same look-up may succeed later.
    package var isTransient: Bool {
        switch code {
        case .noSuchDomain, .noData, .invalidName, .malformedAnswer: false
        case .temporaryFailure, .timeout, .bogus, .overloaded, .closed: true
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
