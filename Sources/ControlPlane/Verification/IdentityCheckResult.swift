/// What a look at an identity's DNS records came to.
package enum IdentityCheckResult: Hashable, Sendable {
    /// All three keys are published as they should be.
    case found
    /// At least one is not; why for the first of them, definite reasons before indefinite ones.
    case notFound(VerificationError)
}
