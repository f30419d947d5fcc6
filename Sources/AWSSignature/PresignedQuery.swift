/// The `X-Amz-…` parameters of a presigned request.
struct PresignedQuery {
    private var values: [String: String] = [:]
    private var hasDuplicate = false

    /// `nil` when the query holds neither algorithm nor signature, and the request is thus not presigned.
    init?(_ query: String) {
        for pair in Octets.split(query, at: 0x26, omittingEmpty: true) {
            let parts = Octets.split(pair, at: 0x3D, maxSplits: 1)
            let name = String(decoding: Octets.percentDecoded(parts[0]), as: UTF8.self)
            guard Octets.lowercased(name).hasPrefix("x-amz-") else { continue }
            let value = parts.count > 1 ? String(decoding: Octets.percentDecoded(parts[1]), as: UTF8.self) : ""
            if values.updateValue(value, forKey: name) != nil { hasDuplicate = true }
        }
        guard values["X-Amz-Algorithm"] != nil || values["X-Amz-Signature"] != nil else { return nil }
    }

    func fields() throws(SignatureError) -> AuthorizationFields {
        guard !hasDuplicate else { throw SignatureError(.incompleteSignature, "AWS query-string parameters must not repeat.") }
        guard values["X-Amz-Algorithm"] == AuthorizationFields.algorithm else {
            throw SignatureError(.incompleteSignature, "Unsupported AWS 'algorithm'.")
        }
        let names = ["X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature", "X-Amz-SignedHeaders"]
        let missing = names.filter { values[$0]?.isEmpty != false }
        guard missing.isEmpty, let credential = values["X-Amz-Credential"], let signature = values["X-Amz-Signature"],
            let signedHeaders = values["X-Amz-SignedHeaders"]
        else {
            throw SignatureError(
                .incompleteSignature, missing.map { "AWS query-string parameters must include '\($0)'." }.joined(separator: " "))
        }
        guard let date = values["X-Amz-Date"].flatMap({ SigningDate($0) }) else {
            throw SignatureError(.incompleteSignature, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\".")
        }
        guard let expiresText = values["X-Amz-Expires"], (1...10).contains(expiresText.utf8.count),
            expiresText.utf8.allSatisfy(Octets.isDigit), let expires = Int64(expiresText)
        else { throw SignatureError(.incompleteSignature, "X-Amz-Expires should be a number.") }
        return AuthorizationFields(
            form: .presigned(expiresInSeconds: expires), credential: credential, signedHeaders: signedHeaders, signature: signature, date: date,
            dateSource: .query, sessionToken: values["X-Amz-Security-Token"])
    }
}
