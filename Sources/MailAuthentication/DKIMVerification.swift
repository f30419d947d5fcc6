/// What became of one signature of a message.
package struct DKIMVerification: Sendable, Hashable {
    /// The results that RFC 8601 §2.7.1 names.
    package enum Result: Sendable, Hashable {
        /// The signature is good.
        case pass
        /// The signature could be checked and is not good.
        case fail(DKIMFailure)
        /// The signature is good as such, and this verifier's policy does not accept it.
        case policy(DKIMFailure)
        /// The field cannot be processed.
        case neutral(DKIMFailure)
        /// No result now: a look-up failed.
        case temporaryError(DKIMFailure)
        /// No result ever: a key or a tag that is needed is missing or not usable.
        case permanentError(DKIMFailure)

        /// The word of RFC 8601.
        package var name: String {
            switch self {
            case .pass: "pass"
            case .fail: "fail"
            case .policy: "policy"
            case .neutral: "neutral"
            case .temporaryError: "temperror"
            case .permanentError: "permerror"
            }
        }
    }

    /// The result.
    package let result: Result
    /// The signature, or nil when the field could not be read.
    package let signature: DKIMSignature?
    /// Size of the key in bits, when it was read.
    package let keyBitCount: Int?
    /// Whether the domain says that it only tries DKIM out (`t=y`); changes no result.
    package let isTesting: Bool
}
