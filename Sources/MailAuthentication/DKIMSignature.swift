/// A DKIM-Signature field, read and checked as far as that goes without the key (RFC 6376 §3.5, §6.1.1).
package struct DKIMSignature: Sendable, Hashable {
    /// How many names `h=` may list.
    static let maximumHeaderNames = 512
    /// How long the field may be, in bytes.
    static let maximumByteCount = 16_384

    /// `a=`.
    package let algorithm: DKIMAlgorithm
    /// `b=`, decoded.
    package let signature: [UInt8]
    /// `bh=`, decoded.
    package let bodyHash: [UInt8]
    /// `c=`, the part before the slash.
    package let headerCanonicalization: DKIMCanonicalization
    /// `c=`, the part after the slash.
    package let bodyCanonicalization: DKIMCanonicalization
    /// `d=`: who takes responsibility.
    package let domain: String
    /// `h=`, as written.
    package let headerNames: [[UInt8]]
    /// `i=`: the agent or user, by default `@` and the domain.
    package let identity: String
    /// `l=`: how many bytes of the body are covered, or nil for all.
    package let bodyLength: Int?
    /// `s=`.
    package let selector: String
    /// `t=`, seconds since 1970.
    package let time: Int64?
    /// `x=`, seconds since 1970.
    package let expiration: Int64?

    /// The name of the TXT record that holds the key.
    package var recordName: String { "\(selector)._domainkey.\(domain)" }

    /// Reads a field.
    ///
    /// - Parameter field: from `DKIM-Signature:` to its CRLF.
    /// - Throws: `DKIMFailure`, the reason why the signature is not usable.
    package init(field: [UInt8]) throws(DKIMFailure) {
        guard field.count <= Self.maximumByteCount, let colon = field.firstIndex(of: ASCII.colon),
            let tags = TagList(field[(colon + 1)...])
        else { throw .malformedSignature }
        guard tags.text("v") == "1" else { throw .unsupportedVersion }
        guard let algorithmName = tags.text("a"), let b = tags["b"], let bh = tags["bh"], let d = tags.text("d"),
            let h = tags["h"], let s = tags.text("s")
        else { throw .missingTag }
        guard let algorithm = DKIMAlgorithm(rawValue: algorithmName) else { throw .unsupportedAlgorithm }
        guard let signature = Base64.decode(b), !signature.isEmpty, let bodyHash = Base64.decode(bh),
            bodyHash.count == SHA256Digest.byteCount
        else { throw .malformedSignature }
        guard DKIMDomain.isValid(d.utf8), DKIMDomain.isValid(s.utf8) else { throw .malformedSignature }

        let names = TagList.items(h)
        guard names.count <= Self.maximumHeaderNames, names.allSatisfy({ !$0.isEmpty }) else {
            throw .malformedSignature
        }
        guard names.contains(where: { ASCII.equalFolded($0, "from".utf8) }) else { throw .fromNotSigned }

        let forms = (tags.text("c") ?? "simple/simple").split(separator: "/", omittingEmptySubsequences: false)
        guard forms.count <= 2, let header = forms.first.flatMap({ DKIMCanonicalization(rawValue: String($0)) }),
            let body = DKIMCanonicalization(rawValue: forms.count == 2 ? String(forms[1]) : "simple")
        else { throw .unsupportedCanonicalization }

        let identity = tags.text("i") ?? "@\(d)"
        guard let at = identity.utf8.lastIndex(of: 0x40),
            DKIMDomain.isEqual(identity.utf8[identity.utf8.index(after: at)...], orBelow: Array(d.utf8))
        else { throw .identityOutsideDomain }

        if let methods = tags["q"], !TagList.items(methods).contains(where: { $0.elementsEqual("dns/txt".utf8) }) {
            throw .unsupportedQueryMethod
        }
        self.time = try Self.number(tags, "t")
        self.expiration = try Self.number(tags, "x")
        self.bodyLength = try Self.number(tags, "l").map(Int.init)
        if let time, let expiration, expiration <= time { throw .malformedSignature }

        self.algorithm = algorithm
        self.signature = signature
        self.bodyHash = bodyHash
        self.headerCanonicalization = header
        self.bodyCanonicalization = body
        self.domain = d
        self.headerNames = names.map(Array.init)
        self.identity = identity
        self.selector = s
    }

    /// The field with the value of its `b=` tag taken out, which is the form that is signed.
    ///
    /// All else, white space included, stays as it is.
    package static func withoutSignature(_ field: [UInt8]) -> [UInt8] {
        guard let colon = field.firstIndex(of: ASCII.colon) else { return field }
        var start = colon + 1
        while start < field.count {
            let end = field[start...].firstIndex(of: ASCII.semicolon) ?? field.count
            if let equals = field[start..<end].firstIndex(of: ASCII.equals),
                ASCII.trimmed(field[start..<equals]).elementsEqual("b".utf8)
            {
                return Array(field[...equals]) + field[end...]
            }
            start = end + 1
        }
        return field
    }

    private static func number(_ tags: TagList, _ name: StaticString) throws(DKIMFailure) -> Int64? {
        guard let value = tags[name] else { return nil }
        guard let number = TagList.number(value) else { throw .malformedSignature }
        return number
    }
}
