/// Checks AWS Signature Version 4 on requests, in two steps so that a server can refuse before it reads a body:
///
/// 1. ``claim(in:nowUnixSeconds:)`` needs the head of the request only: form, scope, time, which headers are signed. The caller then looks
///    the access key up.
/// 2. ``verify(_:key:bodyHash:expectedSessionToken:)`` takes the hash of the body. Where the client sent `x-amz-content-sha256`,
///    ``verifyHead(_:key:expectedSessionToken:)`` proves the signature before the body, and the second step then only compares hashes.
package struct SigV4Verifier: Sendable {
    package struct Configuration: Sendable {
        package var service = "ses"
        /// Regions served.
        package var regions: Set<String>
        /// How far the signing date may be from now, both ways.
        package var skewSeconds: Int64 = 900
        /// Longest life of a presigned request.
        package var maximumPresignSeconds: Int64 = 604_800
        /// Whether `x-amz-content-sha256: UNSIGNED-PAYLOAD` is accepted.
        package var allowsUnsignedPayload = false
        /// Whether a Content-Type header must be signed. SDKs always sign it; SES does not insist.
        package var requiresSignedContentType = false
        /// Octets of an Authorization header.
        package var maximumAuthorizationBytes = 8192
        /// Octets of path and query together.
        package var maximumTargetBytes = 65_536
        /// Header fields of a request.
        package var maximumHeaders = 200
        /// Octets of all header names and values.
        package var maximumHeaderBytes = 65_536
        /// Names in SignedHeaders.
        package var maximumSignedHeaders = 100
        /// Octets of a session token.
        package var maximumSessionTokenBytes = 8192

        package init(regions: Set<String>) {
            self.regions = regions
        }
    }

    package let configuration: Configuration

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    // MARK: Before the body

    /// Reads and checks everything that needs neither key nor body.
    ///
    /// - Throws: `SignatureError`.
    package func claim(in request: SignableRequest, nowUnixSeconds now: Int64) throws(SignatureError) -> SignatureClaim {
        try checkSizes(of: request)
        let authorizations = request.values("authorization")
        let presigned = PresignedQuery(request.query)
        let fields: AuthorizationFields
        if let authorization = authorizations.first {
            guard authorizations.count == 1, presigned == nil else {
                throw SignatureError(.incompleteSignature, "The request carries more than one authentication mechanism.")
            }
            guard authorization.utf8.count <= configuration.maximumAuthorizationBytes else {
                throw SignatureError(.incompleteSignature, "The Authorization header is too long.")
            }
            fields = try AuthorizationFields(header: authorization, request: request)
        } else if let presigned {
            fields = try presigned.fields()
        } else {
            throw SignatureError(.missingAuthenticationToken, "Missing Authentication Token")
        }
        let claim = try fields.claim(request, maximumSignedHeaders: configuration.maximumSignedHeaders)
        try checkScope(claim)
        try checkTime(claim, now: now)
        try checkSignedHeaders(claim, request: request, dateSource: fields.dateSource)
        try checkContentHash(claim)
        if let token = claim.sessionToken, token.utf8.count > configuration.maximumSessionTokenBytes { throw .unknownAccessKey }
        return claim
    }

    // MARK: With the key

    /// Verifies the signature by the body hash that the client declared, before the body is there.
    ///
    /// - Returns: whether that was possible; `false` when the client declared none, and the signature can be checked with the body only.
    /// - Throws: `SignatureError`.
    package func verifyHead(_ claim: SignatureClaim, key: SigningKey, expectedSessionToken: String? = nil) throws(SignatureError) -> Bool {
        try checkSessionToken(claim, expected: expectedSessionToken)
        guard let declared = claim.contentHash else { return false }
        try checkSignature(claim, key: key, payload: declared)
        return true
    }

    /// Verifies the signature over the whole request.
    ///
    /// - Parameters:
    ///   - key: of the secret of `claim.scope.accessKeyID`, for `claim.scope`.
    ///   - bodyHash: SHA-256 of the body received, 32 octets.
    ///   - expectedSessionToken: of temporary credentials; `nil` for a long-term key.
    /// - Throws: `SignatureError`.
    package func verify(
        _ claim: SignatureClaim, key: SigningKey, bodyHash: [UInt8], expectedSessionToken: String? = nil
    ) throws(SignatureError) {
        try checkSessionToken(claim, expected: expectedSessionToken)
        let actual = Octets.hex(bodyHash)
        guard let declared = claim.contentHash else {
            try checkSignature(claim, key: key, payload: actual)
            return
        }
        guard declared == "UNSIGNED-PAYLOAD" || declared == actual else {
            throw SignatureError(
                .invalidSignature, "The value of the x-amz-content-sha256 header does not match the hash of the body received.")
        }
        try checkSignature(claim, key: key, payload: declared)
    }

    private func checkSignature(_ claim: SignatureClaim, key: SigningKey, payload: String) throws(SignatureError) {
        let expected = key.signature(date: claim.date, scope: claim.scope, canonicalRequest: claim.canonicalPrefix + Array(payload.utf8))
        guard Octets.constantTimeEquals(expected, claim.signature) else { throw .mismatch }
    }

    private func checkSessionToken(_ claim: SignatureClaim, expected: String?) throws(SignatureError) {
        switch (claim.sessionToken, expected) {
        case (nil, nil): return
        case (let token?, let expected?) where Octets.constantTimeEquals(Array(token.utf8), Array(expected.utf8)): return
        default: throw .unknownAccessKey
        }
    }
}
