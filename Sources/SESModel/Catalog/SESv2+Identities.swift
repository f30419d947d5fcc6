extension SESv2 {
    private static let signingKeyLength = Shape.oneOf("RSA_1024_BIT", "RSA_2048_BIT")

    /// A name of an identity: an address or a domain.
    private static let identity = Shape.string(StringConstraint(minimumLength: 1, maximumLength: 320))

    package static let dkimAttributes = StructureShape(
        "DkimAttributes",
        [
            Member("SigningEnabled", .boolean),
            Member("Status", Self.verificationStatus),
            Member("Tokens", .list(.string)),
            Member("SigningHostedZone", .string),
            Member("SigningAttributesOrigin", .string),
            Member("NextSigningKeyLength", Self.signingKeyLength),
            Member("CurrentSigningKeyLength", Self.signingKeyLength),
            Member("LastKeyGenerationTimestamp", .timestamp),
        ])

    package static let dkimSigningAttributes = StructureShape(
        "DkimSigningAttributes",
        [
            Self.unsupported("DomainSigningSelector"),
            Self.unsupported("DomainSigningPrivateKey"),
            Member("NextSigningKeyLength", Self.signingKeyLength),
            Member("DomainSigningAttributesOrigin", .string),
        ])

    package static let createEmailIdentity = Operation(
        name: "CreateEmailIdentity", method: .post, path: "/v2/email/identities",
        input: StructureShape(
            "CreateEmailIdentityRequest",
            [
                .required("EmailIdentity", Self.identity),
                Member("Tags", Self.tags),
                Member("DkimSigningAttributes", .structure(Self.dkimSigningAttributes)),
                Member("ConfigurationSetName", .string),
            ]),
        output: StructureShape(
            "CreateEmailIdentityResponse",
            [
                Member("IdentityType", Self.identityType),
                Member("VerifiedForSendingStatus", .boolean),
                Member("DkimAttributes", .structure(Self.dkimAttributes)),
            ]),
        errors: [.alreadyExists, .limitExceeded, .tooManyRequests, .badRequest, .concurrentModification, .notFound])

    package static let mailFromAttributes = StructureShape(
        "MailFromAttributes",
        [
            Member("MailFromDomain", .string),
            Member("MailFromDomainStatus", .oneOf("PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE")),
            Member("BehaviorOnMxFailure", .oneOf("USE_DEFAULT_VALUE", "REJECT_MESSAGE")),
        ])

    package static let verificationInfo = StructureShape(
        "VerificationInfo",
        [
            Member("LastCheckedTimestamp", .timestamp),
            Member("LastSuccessTimestamp", .timestamp),
            Member("ErrorType", .oneOf("SERVICE_ERROR", "DNS_SERVER_ERROR", "HOST_NOT_FOUND", "TYPE_NOT_FOUND", "INVALID_VALUE")),
        ])

    package static let getEmailIdentity = Operation(
        name: "GetEmailIdentity", method: .get, path: "/v2/email/identities/{EmailIdentity}",
        input: StructureShape("GetEmailIdentityRequest", [.required("EmailIdentity", Self.identity, location: .path)]),
        output: StructureShape(
            "GetEmailIdentityResponse",
            [
                Member("IdentityType", Self.identityType),
                Member("FeedbackForwardingStatus", .boolean),
                Member("VerifiedForSendingStatus", .boolean),
                Member("DkimAttributes", .structure(Self.dkimAttributes)),
                Member("MailFromAttributes", .structure(Self.mailFromAttributes)),
                Member("Policies", .map(.string)),
                Member("Tags", .list(.structure(Self.tag))),
                Member("ConfigurationSetName", .string),
                Member("VerificationStatus", Self.verificationStatus),
                Member("VerificationInfo", .structure(Self.verificationInfo)),
            ]),
        errors: [.notFound, .tooManyRequests, .badRequest])

    package static let identityInfo = StructureShape(
        "IdentityInfo",
        [
            Member("IdentityType", Self.identityType),
            Member("IdentityName", .string),
            Member("SendingEnabled", .boolean),
            Member("VerificationStatus", Self.verificationStatus),
        ])

    private static let listEmailIdentitiesOutput = StructureShape(
        "ListEmailIdentitiesResponse",
        [
            Member("EmailIdentities", .list(.structure(Self.identityInfo))),
            Member("NextToken", .string),
        ])

    /// The form of the service model until 2026.
    package static let listEmailIdentities = Operation(
        name: "ListEmailIdentities", method: .get, path: "/v2/email/identities",
        input: StructureShape("ListEmailIdentitiesRequest", Self.page(.query)),
        output: Self.listEmailIdentitiesOutput, errors: [.tooManyRequests, .badRequest])

    /// The form of the service model since 2026.
    package static let listEmailIdentitiesByPost = Operation(
        name: "ListEmailIdentities", method: .post, path: "/v2/email/list-identities",
        input: StructureShape("ListEmailIdentitiesRequest", [Self.unsupported("Filter")] + Self.page(.body)),
        output: Self.listEmailIdentitiesOutput, errors: [.tooManyRequests, .badRequest])

    package static let deleteEmailIdentity = Operation(
        name: "DeleteEmailIdentity", method: .delete, path: "/v2/email/identities/{EmailIdentity}",
        input: StructureShape("DeleteEmailIdentityRequest", [.required("EmailIdentity", Self.identity, location: .path)]),
        output: Self.empty("DeleteEmailIdentityResponse"),
        errors: [.notFound, .tooManyRequests, .badRequest, .concurrentModification])
}
