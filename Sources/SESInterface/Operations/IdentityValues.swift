internal import ApusCore
internal import ControlPlane
internal import SESModel

/// An identity as answers show it.
enum IdentityValues {
    static func type(_ identity: EmailIdentity) -> Value {
        .string(identity.kind.rawValue)
    }

    /// The keys of a domain; for an address those of the domain after its `@`, where that is an identity as well.
    static func dkimAttributes(_ identity: EmailIdentity, controlPlane: ControlPlane) -> Value {
        var value = StructureValue(SESv2.dkimAttributes)
        var source = identity
        if identity.kind == .emailAddress, let at = identity.name.utf8.lastIndex(of: UInt8(ascii: "@")),
            let domain = controlPlane.identity(String(identity.name[identity.name.utf8.index(after: at)...]), account: identity.account)
        {
            source = domain
        }
        guard let dkim = source.dkim else {
            value["SigningEnabled"] = .boolean(false)
            value["Status"] = .string(VerificationStatus.notStarted.rawValue)
            return .structure(value)
        }
        value["SigningEnabled"] = .boolean(dkim.signingEnabled)
        value["Status"] = .string(dkim.status.rawValue)
        value["Tokens"] = .strings(dkim.tokens)
        value["SigningHostedZone"] = controlPlane.configuration.dkimZone.map(Value.string)
        value["SigningAttributesOrigin"] = .string("AWS_SES")
        value["NextSigningKeyLength"] = .string("RSA_\(dkim.keyLength)_BIT")
        value["CurrentSigningKeyLength"] = .string("RSA_\(dkim.keyLength)_BIT")
        value["LastKeyGenerationTimestamp"] = .timestamp(milliseconds: dkim.keysGeneratedAt.rawValue)
        return .structure(value)
    }
}
