/// What a request says about its own signature, read and checked for form, not yet verified.
package struct SignatureClaim: Sendable {
    package enum Form: Hashable, Sendable {
        /// An Authorization header.
        case header
        /// Query parameters; valid for so many seconds from the signing date on.
        case presigned(expiresInSeconds: Int64)
    }

    package let form: Form
    package let scope: CredentialScope
    package let date: SigningDate
    /// Lower-case names in the order signed.
    package let signedHeaders: [String]
    /// 32 octets.
    package let signature: [UInt8]
    /// From `X-Amz-Security-Token`.
    package let sessionToken: String?
    /// From `x-amz-content-sha256`.
    package let contentHash: String?
    /// Canonical request up to the place of the body's hash.
    let canonicalPrefix: [UInt8]
}
