/// The pieces of a claim as read from a header or a query, before they are judged.
struct AuthorizationFields {
    enum DateSource {
        case amzDate
        case dateHeader
        case query
    }

    static let algorithm = "AWS4-HMAC-SHA256"

    let form: SignatureClaim.Form
    let credential: String
    let signedHeaders: String
    let signature: String
    let date: SigningDate
    let dateSource: DateSource
    let sessionToken: String?

    init(
        form: SignatureClaim.Form, credential: String, signedHeaders: String, signature: String, date: SigningDate, dateSource: DateSource,
        sessionToken: String?
    ) {
        self.form = form
        self.credential = credential
        self.signedHeaders = signedHeaders
        self.signature = signature
        self.date = date
        self.dateSource = dateSource
        self.sessionToken = sessionToken
    }

    /// Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; the space after commas may be missing.
    init(header: String, request: SignableRequest) throws(SignatureError) {
        let parts = Octets.split(Octets.trimmed(header), at: 0x20, maxSplits: 1, omittingEmpty: true)
        guard let first = parts.first, first == Self.algorithm else {
            throw SignatureError(.incompleteSignature, "Unsupported AWS 'algorithm'.")
        }
        var values: [String: String] = [:]
        for pair in Octets.split(parts.count > 1 ? parts[1] : "", at: 0x2C, omittingEmpty: true) {
            let trimmed = Octets.trimmed(pair)
            guard let mark = trimmed.utf8.firstIndex(of: 0x3D) else {
                throw SignatureError(.incompleteSignature, "Invalid key=value pair (missing equal-sign) in Authorization header.")
            }
            guard values.updateValue(String(trimmed[trimmed.utf8.index(after: mark)...]), forKey: String(trimmed[..<mark])) == nil else {
                throw SignatureError(.incompleteSignature, "Duplicate key in Authorization header.")
            }
        }
        let missing = ["Credential", "Signature", "SignedHeaders"].filter { values[$0]?.isEmpty != false }
        let amzDates = request.values("x-amz-date")
        let dates = request.values("date")
        var complaints = missing.map { "Authorization header requires '\($0)' parameter." }
        if amzDates.isEmpty, dates.isEmpty {
            complaints.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        }
        guard complaints.isEmpty, let credential = values["Credential"], let signature = values["Signature"],
            let signedHeaders = values["SignedHeaders"]
        else { throw SignatureError(.incompleteSignature, complaints.joined(separator: " ")) }
        let source: DateSource = amzDates.isEmpty ? .dateHeader : .amzDate
        let texts = amzDates.isEmpty ? dates : amzDates
        guard texts.count == 1, let text = texts.first, let date = SigningDate(httpDate: String(Octets.trimmed(text))) else {
            throw SignatureError(.incompleteSignature, "Date must be in ISO-8601 'basic format'.")
        }
        let tokens = request.values("x-amz-security-token")
        guard tokens.count <= 1 else { throw SignatureError(.incompleteSignature, "More than one session token.") }
        self.init(
            form: .header, credential: credential, signedHeaders: signedHeaders, signature: signature, date: date, dateSource: source,
            sessionToken: tokens.first)
    }

    func claim(_ request: SignableRequest, maximumSignedHeaders: Int) throws(SignatureError) -> SignatureClaim {
        guard let scope = CredentialScope(credential) else {
            throw SignatureError(
                .incompleteSignature, "Credential must have exactly 5 slash-delimited elements: key/date/region/service/aws4_request.")
        }
        let names = Octets.split(signedHeaders, at: 0x3B).map(String.init)
        guard names.count <= maximumSignedHeaders else { throw SignatureError(.incompleteSignature, "Too many signed headers.") }
        for (index, name) in names.enumerated() {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 &- 0x21 < 0x5E && !($0 >= 0x41 && $0 <= 0x5A) }),
                index == 0 || names[index - 1].utf8.lexicographicallyPrecedes(name.utf8)
            else { throw SignatureError(.incompleteSignature, "SignedHeaders must be lower-case names in ascending order.") }
        }
        guard signature.utf8.count == 64, let octets = Octets.unhex(signature) else { throw .mismatch }
        let hashes = request.values("x-amz-content-sha256")
        guard hashes.count <= 1 else { throw SignatureError(.incompleteSignature, "More than one x-amz-content-sha256 header.") }
        return SignatureClaim(
            form: form, scope: scope, date: date, signedHeaders: names, signature: octets, sessionToken: sessionToken,
            contentHash: hashes.first.map { String(Octets.trimmed($0)) },
            canonicalPrefix: CanonicalRequest.prefix(request, signedHeaders: names, excludingSignature: form != .header))
    }
}
