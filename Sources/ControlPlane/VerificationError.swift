/// Why the last look at an identity's records did not find them. Raw values are those of the SES API.
package enum VerificationError: String, Hashable, Sendable, CaseIterable, Codable {
    /// This service could not look.
    case serviceError = "SERVICE_ERROR"
    /// The domain's name servers do not answer, or answer with a failure or with forged data.
    case dnsServerError = "DNS_SERVER_ERROR"
    /// The name does not exist.
    case hostNotFound = "HOST_NOT_FOUND"
    /// The name exists and has no such record.
    case typeNotFound = "TYPE_NOT_FOUND"
    /// The record says something else.
    case invalidValue = "INVALID_VALUE"

    /// Whether the records are known to be missing or wrong, rather than not known.
    package var isDefinite: Bool {
        switch self {
        case .hostNotFound, .typeNotFound, .invalidValue: true
        case .serviceError, .dnsServerError: false
        }
    }
}
