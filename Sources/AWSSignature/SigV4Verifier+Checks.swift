extension SigV4Verifier {
    func checkSizes(of request: SignableRequest) throws(SignatureError) {
        let headerBytes = request.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard request.path.utf8.count + request.query.utf8.count <= configuration.maximumTargetBytes,
            request.headers.count <= configuration.maximumHeaders, headerBytes <= configuration.maximumHeaderBytes
        else { throw SignatureError(.incompleteSignature, "The request head is too large.") }
    }

    func checkScope(_ claim: SignatureClaim) throws(SignatureError) {
        let scope = claim.scope
        guard configuration.regions.contains(scope.region) else {
            throw SignatureError(.invalidSignature, "Credential should be scoped to a valid region.")
        }
        guard scope.service == configuration.service else {
            throw SignatureError(.invalidSignature, "Credential should be scoped to correct service: '\(configuration.service)'.")
        }
        guard scope.terminator == "aws4_request" else {
            throw SignatureError(.invalidSignature, "Credential should be scoped with a valid terminator: 'aws4_request'.")
        }
        guard scope.day == claim.date.day else {
            throw SignatureError(
                .invalidSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
        }
    }

    func checkTime(_ claim: SignatureClaim, now: Int64) throws(SignatureError) {
        let skew = configuration.skewSeconds
        let signed = claim.date.unixSeconds
        let nowText = SigningDate(unixSeconds: now).text
        // Not `now + skew`: the clock is the caller's, but the arithmetic must not trap for any value of it.
        guard signed.subtractingReportingOverflow(now).partialValue <= skew else {
            throw SignatureError(
                .invalidSignature,
                "Signature not yet current: \(claim.date.text) is still later than \(SigningDate(unixSeconds: now &+ skew).text) (\(nowText) + \(skew / 60) min.)"
            )
        }
        let age = now.subtractingReportingOverflow(signed).partialValue
        switch claim.form {
        case .header:
            guard age <= skew else {
                throw SignatureError(
                    .invalidSignature,
                    "Signature expired: \(claim.date.text) is now earlier than \(SigningDate(unixSeconds: now &- skew).text) (\(nowText) - \(skew / 60) min.)"
                )
            }
        case .presigned(let expires):
            guard expires >= 1, expires <= configuration.maximumPresignSeconds else {
                throw SignatureError(
                    .incompleteSignature, "X-Amz-Expires must be between 1 and \(configuration.maximumPresignSeconds) seconds.")
            }
            guard age <= expires else { throw SignatureError(.requestExpired, "Request has expired.") }
        }
    }

    func checkSignedHeaders(
        _ claim: SignatureClaim, request: SignableRequest, dateSource: AuthorizationFields.DateSource
    ) throws(SignatureError) {
        let signed = Set(claim.signedHeaders)
        guard signed.contains("host") else {
            throw SignatureError(.invalidSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
        }
        var present: Set<String> = []
        for header in request.headers {
            let name = Octets.lowercased(header.name)
            present.insert(name)
            let mustBeSigned =
                name.hasPrefix("x-amz-") || (name == "content-type" && configuration.requiresSignedContentType)
                || (name == "date" && dateSource == .dateHeader)
            if mustBeSigned, !signed.contains(name) {
                throw SignatureError(.invalidSignature, "'\(name)' must be a 'SignedHeader' in the AWS Authorization.")
            }
        }
        guard signed.isSubset(of: present), request.values("host").count == 1 else { throw .mismatch }
    }

    func checkContentHash(_ claim: SignatureClaim) throws(SignatureError) {
        guard let hash = claim.contentHash else { return }
        if hash == "UNSIGNED-PAYLOAD", configuration.allowsUnsignedPayload { return }
        guard hash.utf8.count == 64, hash.utf8.allSatisfy({ Octets.isDigit($0) || ($0 >= 0x61 && $0 <= 0x66) }) else {
            throw SignatureError(.invalidSignature, "The value of the x-amz-content-sha256 header is not valid.")
        }
    }
}
