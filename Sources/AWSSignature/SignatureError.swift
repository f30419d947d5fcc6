/// Why a signed request was refused. The texts are those AWS clients know; none holds a secret, a token or a calculated signature.
package struct SignatureError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable, CaseIterable {
        /// Neither an Authorization header nor a presigned query.
        case missingAuthenticationToken
        /// The Authorization header or the presigned query lacks a part or cannot be read.
        case incompleteSignature
        /// No such access key, or a session token that does not belong to it.
        case unrecognizedClient
        /// The claim itself is not acceptable: scope, date, signed headers.
        case invalidSignature
        /// The signature is another one than the request's.
        case signatureDoesNotMatch
        /// The session token's time is over.
        case expiredToken
        /// A presigned request after its time.
        case requestExpired
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The error type as SES API v2 (REST-JSON) names it.
    package var restType: String {
        switch code {
        case .missingAuthenticationToken: "MissingAuthenticationTokenException"
        case .incompleteSignature: "IncompleteSignatureException"
        case .unrecognizedClient: "UnrecognizedClientException"
        case .invalidSignature: "InvalidSignatureException"
        case .signatureDoesNotMatch: "SignatureDoesNotMatch"
        case .expiredToken: "ExpiredTokenException"
        case .requestExpired: "RequestExpired"
        }
    }

    /// The error code as SES API v1 (Query) names it.
    package var queryCode: String {
        switch code {
        case .missingAuthenticationToken: "MissingAuthenticationToken"
        case .incompleteSignature: "IncompleteSignature"
        case .unrecognizedClient: "InvalidClientTokenId"
        case .invalidSignature, .signatureDoesNotMatch: "SignatureDoesNotMatch"
        case .expiredToken: "ExpiredToken"
        case .requestExpired: "RequestExpired"
        }
    }

    package var httpStatus: Int {
        switch code {
        case .incompleteSignature, .requestExpired: 400
        default: 403
        }
    }

    package var description: String { "\(restType): \(message)" }

    /// For an access key id that does not exist or is not active.
    package static let unknownAccessKey = SignatureError(.unrecognizedClient, "The security token included in the request is invalid.")

    static let mismatch = SignatureError(
        .signatureDoesNotMatch,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )
}
