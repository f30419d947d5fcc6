/// Signs requests as AWS SDKs do; for the load generator and for tests.
package struct SigV4Signer: Sendable {
    package let accessKeyID: String
    package let region: String
    package let service: String
    package let sessionToken: String?
    private let secret: String
    private let cache: SigningKeyCache

    package init(
        accessKeyID: String, secret: String, region: String, service: String = "ses", sessionToken: String? = nil,
        cache: SigningKeyCache = SigningKeyCache(capacity: 16)
    ) {
        self.accessKeyID = accessKeyID
        self.secret = secret
        self.region = region
        self.service = service
        self.sessionToken = sessionToken
        self.cache = cache
    }

    /// The header fields to add: `X-Amz-Date`, `X-Amz-Security-Token` for temporary credentials, `Authorization`.
    ///
    /// All headers of the request are signed, but those that intermediaries change; `host` must be among them.
    ///
    /// - Parameter bodyHash: SHA-256, 32 octets.
    package func headers(for request: SignableRequest, bodyHash: [UInt8], nowUnixSeconds: Int64) -> [(name: String, value: String)] {
        let date = SigningDate(unixSeconds: nowUnixSeconds)
        var added = [(name: "X-Amz-Date", value: date.text)]
        if let sessionToken { added.append((name: "X-Amz-Security-Token", value: sessionToken)) }
        var request = request
        request.headers += added
        let names = Self.signedNames(request)
        let scope = CredentialScope(accessKeyID: accessKeyID, day: date.day, region: region, service: service)
        let payload = request.values("x-amz-content-sha256").first ?? Octets.hex(bodyHash)
        let canonical = CanonicalRequest.prefix(request, signedHeaders: names, excludingSignature: false) + Array(payload.utf8)
        let signature = cache.key(for: scope, secret: secret).signature(date: date, scope: scope, canonicalRequest: canonical)
        added.append(
            (
                name: "Authorization",
                value:
                    "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope.scope), SignedHeaders=\(names.joined(separator: ";")), Signature=\(Octets.hex(signature))"
            ))
        return added
    }

    /// The whole query of a presigned request, the given one included.
    package func presignedQuery(for request: SignableRequest, bodyHash: [UInt8], expiresInSeconds: Int64, nowUnixSeconds: Int64) -> String {
        let date = SigningDate(unixSeconds: nowUnixSeconds)
        let names = Self.signedNames(request)
        let scope = CredentialScope(accessKeyID: accessKeyID, day: date.day, region: region, service: service)
        var parameters = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(accessKeyID)/\(scope.scope)"), ("X-Amz-Date", date.text),
            ("X-Amz-Expires", String(expiresInSeconds)), ("X-Amz-SignedHeaders", names.joined(separator: ";")),
        ]
        if let sessionToken { parameters.append(("X-Amz-Security-Token", sessionToken)) }
        var request = request
        for (name, value) in parameters {
            var encoded: [UInt8] = []
            Octets.appendPercentEncoded(value.utf8, keepingSlash: false, to: &encoded)
            request.query += (request.query.isEmpty ? "" : "&") + name + "=" + String(decoding: encoded, as: UTF8.self)
        }
        let canonical = CanonicalRequest.prefix(request, signedHeaders: names, excludingSignature: true) + Array(Octets.hex(bodyHash).utf8)
        let signature = cache.key(for: scope, secret: secret).signature(date: date, scope: scope, canonicalRequest: canonical)
        return request.query + "&X-Amz-Signature=" + Octets.hex(signature)
    }

    private static func signedNames(_ request: SignableRequest) -> [String] {
        let unsigned: Set<String> = ["authorization", "connection", "content-length", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"]
        let names = Set(request.headers.map { Octets.lowercased($0.name) }).subtracting(unsigned)
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
