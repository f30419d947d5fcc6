/// Makes the DKIM-Signature field of one domain, selector and key (RFC 6376 §5).
///
/// Always relaxed/relaxed, without `l=`: a partly covered body is an invitation to append. The same message, time and
/// key give the same bytes. A message that carries signatures already keeps them; they are not covered.
///
/// ```swift
/// let signer = try DKIMSigner(domain: "example.com", selector: "s1", key: key)
/// let field = try signer.signatureField(for: message.span, at: 1_760_000_000)
/// send(field + message)
/// ```
package struct DKIMSigner: Sendable {
    /// The signing domain, `d=`.
    package let domain: String
    /// The selector, `s=`: the key record is at `<selector>._domainkey.<domain>`.
    package let selector: String
    /// The key that signs.
    package let key: DKIMKey
    /// Which fields are covered.
    package let headers: DKIMHeaderPolicy
    /// Seconds from signing until verifiers stop accepting the signature (`x=`), or nil for no end.
    package let lifetime: Int64?

    /// - Parameters:
    ///   - domain: in ASCII; internationalised domains as A-labels.
    ///   - selector: one or more labels.
    ///   - key: RSA or Ed25519.
    ///   - headers: which fields are covered.
    ///   - lifetime: seconds, above 0; nil writes no `x=`.
    /// - Throws: `DKIMError` with `.invalidIdentity`.
    package init(
        domain: String, selector: String, key: DKIMKey, headers: DKIMHeaderPolicy = .deliverability,
        lifetime: Int64? = nil
    ) throws(DKIMError) {
        guard DKIMDomain.isValid(domain.utf8), DKIMDomain.isValid(selector.utf8) else {
            throw DKIMError(.invalidIdentity, "the signing domain or the selector is no domain name")
        }
        guard lifetime ?? 1 > 0 else {
            throw DKIMError(.invalidIdentity, "a signature's lifetime must be above zero")
        }
        self.domain = domain
        self.selector = selector
        self.key = key
        self.headers = headers
        self.lifetime = lifetime
    }

    /// Signs a message.
    ///
    /// - Parameters:
    ///   - message: the finished message, header and body, lines ended by CRLF.
    ///   - time: seconds since 1970, the `t=` tag.
    /// - Returns: `DKIM-Signature: …` with its CRLF, to be put before the message's first byte. Lines are at most 78
    ///   columns, unless the domain or selector alone is longer.
    /// - Throws: `DKIMError` with `.missingFrom`, `.malformedHeader`, `.headerTooLarge` or `.cryptography`.
    package func signatureField(for message: Span<UInt8>, at time: Int64) throws(DKIMError) -> [UInt8] {
        try Self.signatureFields(for: message, by: [self], at: time)
    }

    /// Signs a message with several signers, hashing its body once.
    ///
    /// - Returns: one field after the other in the order of `signers`: the one most receivers know first. None of the
    ///   signatures covers another.
    /// - Throws: as `signatureField(for:at:)`.
    package static func signatureFields(
        for message: Span<UInt8>, by signers: [DKIMSigner], at time: Int64
    ) throws(DKIMError) -> [UInt8] {
        if !message.isEmpty, ASCII.isWhitespace(message[0]) {
            throw DKIMError(.malformedHeader, "a message that starts with white space cannot be signed")
        }
        let header = try MessageHeader(of: message)
        var hash = try DKIMBodyHash(.relaxed)
        hash.update(message.extracting(header.bodyStart..<message.count))
        let bodyHash = Base64.encode(try hash.finalize())
        var output = [UInt8]()
        for signer in signers {
            output += try signer.signatureField(for: message, header: header, bodyHash: bodyHash, at: time)
        }
        return output
    }

    private func signatureField(
        for message: Span<UInt8>, header: MessageHeader, bodyHash: [UInt8], at time: Int64
    ) throws(DKIMError) -> [UInt8] {
        var names = [[UInt8]]()
        for entry in headers.entries {
            let count = header.count(of: entry.lowercased, in: message)
            if count == 0, entry.lowercased.elementsEqual("from".utf8) {
                throw DKIMError(.missingFrom, "a message without a From field cannot be signed")
            }
            for _ in 0..<(count + (entry.isOversigned ? 1 : 0)) { names.append(entry.name) }
        }

        var field = FoldedField(name: "DKIM-Signature")
        field.append(word: "v=1;".utf8)
        field.append(word: "a=\(key.algorithm.rawValue);".utf8)
        field.append(word: "c=relaxed/relaxed;".utf8)
        field.append(word: "d=\(domain);".utf8)
        field.append(word: "s=\(selector);".utf8)
        field.append(word: "t=\(time);".utf8)
        if let lifetime { field.append(word: "x=\(time &+ lifetime);".utf8) }
        for (index, name) in names.enumerated() {
            let end = index == names.count - 1 ? ASCII.semicolon : ASCII.colon
            if index == 0 {
                field.append(word: [0x68, ASCII.equals] + name + [end])
            } else {
                field.append(unspaced: name + [end])
            }
        }
        field.append(word: "bh=".utf8 + bodyHash + [ASCII.semicolon])
        // On a line of its own, so that what is signed does not depend on how the value is folded.
        field.fold()
        field.append(joined: "b=".utf8)

        let signedData = DKIMSignedData.bytes(
            message: message, header: header, names: names, signatureField: field.bytes.span, excluded: nil,
            canonicalization: .relaxed)
        field.append(divisible: Base64.encode(try key.signature(of: signedData.span)))
        return field.bytes + [ASCII.carriageReturn, ASCII.lineFeed]
    }
}
