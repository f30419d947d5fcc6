/// A key record: the text at `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1).
struct DKIMKeyRecord {
    /// How long a record may be, in bytes.
    static let maximumByteCount = 8_192

    let keyType: String
    let publicKey: [UInt8]
    /// `h=`: the hash algorithms the key may be used with, nil for all.
    let hashes: [String]?
    /// `s=`: the services it may be used for, nil for all.
    let services: [String]?
    /// `t=y`: the domain only tries DKIM out.
    let isTesting: Bool
    /// `t=s`: the identity must be in the very domain of the signature.
    let isStrict: Bool

    /// - Throws: `DKIMFailure` with `.malformedKey` or `.keyRevoked`.
    init(_ text: [UInt8]) throws(DKIMFailure) {
        guard text.count <= Self.maximumByteCount, let tags = TagList(text[...]) else { throw .malformedKey }
        if let version = tags.text("v") {
            // When it is there it must be the first tag (RFC 6376 §3.6.1).
            guard version == "DKIM1", tags.firstName?.elementsEqual("v".utf8) == true else { throw .malformedKey }
        }
        guard let p = tags["p"] else { throw .malformedKey }
        guard let key = Base64.decode(p) else { throw .malformedKey }
        guard !key.isEmpty else { throw .keyRevoked }
        let flags = Self.list(tags["t"]) ?? []
        keyType = tags.text("k") ?? "rsa"
        publicKey = key
        hashes = Self.list(tags["h"])
        services = Self.list(tags["s"])
        isTesting = flags.contains("y")
        isStrict = flags.contains("s")
    }

    private static func list(_ value: ArraySlice<UInt8>?) -> [String]? {
        value.map { TagList.items($0).map { String(decoding: $0, as: UTF8.self) } }
    }
}
