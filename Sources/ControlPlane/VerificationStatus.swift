/// How far the verification of an identity, or of its DKIM keys, has come. Raw values are those of the SES API.
package enum VerificationStatus: String, Hashable, Sendable, CaseIterable, Codable {
    /// Not asked for.
    case notStarted = "NOT_STARTED"
    /// Asked for, and not found yet.
    case pending = "PENDING"
    /// Found.
    case success = "SUCCESS"
    /// Not found in time, or lost for longer than the grace period.
    case failed = "FAILED"
    /// Found before, and not at the last look: sending and signing go on through the grace period.
    case temporaryFailure = "TEMPORARY_FAILURE"

    /// Whether what was verified may be used.
    package var isUsable: Bool { self == .success || self == .temporaryFailure }
}
