/// Why a signature did not pass.
package enum DKIMFailure: String, Error, Sendable, Hashable {
    /// The field is no list of tags, or a value has not its form.
    case malformedSignature
    /// `v=` is not 1.
    case unsupportedVersion
    /// One of a, b, bh, d, h, s is missing.
    case missingTag
    /// `a=` is unknown, or the forbidden rsa-sha1 (RFC 8301 §3.1).
    case unsupportedAlgorithm
    /// `c=` is unknown.
    case unsupportedCanonicalization
    /// `q=` lists no dns/txt.
    case unsupportedQueryMethod
    /// `h=` does not list From.
    case fromNotSigned
    /// `i=` is not in the domain of `d=`, or below it where the key forbids that.
    case identityOutsideDomain
    /// `x=` has passed.
    case expired
    /// `t=` lies in the future.
    case fromTheFuture
    /// There are more signatures than are looked at.
    case tooManySignatures
    /// The header is larger than is looked at.
    case headerTooLarge
    /// The key's name does not exist or has no usable record.
    case keyNotFound
    /// The key could not be looked up now.
    case keyUnavailable
    /// The record is no key record, or its key cannot be read.
    case malformedKey
    /// The record has an empty `p=`.
    case keyRevoked
    /// The key is not for this algorithm, hash or for mail.
    case keyNotApplicable
    /// An RSA key below the smallest size.
    case keyTooShort
    /// The body is not the one that was signed.
    case bodyHashMismatch
    /// The signature is not this key's signature of the header.
    case signatureMismatch
    /// `l=` covers less than the body, which this verifier does not accept.
    case bodyPartlySigned
    /// libcrypto failed.
    case cryptography
}
