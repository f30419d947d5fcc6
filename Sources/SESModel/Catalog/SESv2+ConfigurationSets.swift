extension SESv2 {
    package static let trackingOptions = StructureShape(
        "TrackingOptions",
        [
            .required("CustomRedirectDomain", .string),
            Member("HttpsPolicy", .oneOf("REQUIRE", "REQUIRE_OPEN_ONLY", "OPTIONAL")),
        ])

    package static let deliveryOptions = StructureShape(
        "DeliveryOptions",
        [
            Member("TlsPolicy", .oneOf("REQUIRE", "OPTIONAL")),
            Member("SendingPoolName", .string),
            Member("MaxDeliverySeconds", .integer(300...50_400)),
        ])

    package static let reputationOptions = StructureShape(
        "ReputationOptions",
        [
            Member("ReputationMetricsEnabled", .boolean),
            // SES names it in answers and ignores it in requests, as is done here.
            Member("LastFreshStart", .timestamp),
        ])

    package static let sendingOptions = StructureShape("SendingOptions", [Member("SendingEnabled", .boolean)])

    package static let suppressionOptions = StructureShape(
        "SuppressionOptions",
        [
            Member("SuppressedReasons", Self.suppressedReasons),
            Self.unsupported("ValidationOptions"),
        ])

    private static let configurationSetName = Shape.string(StringConstraint(minimumLength: 1, maximumLength: 64))

    package static let createConfigurationSet = Operation(
        name: "CreateConfigurationSet", method: .post, path: "/v2/email/configuration-sets",
        input: StructureShape(
            "CreateConfigurationSetRequest",
            [
                .required("ConfigurationSetName", Self.configurationSetName),
                Self.unsupported("TrackingOptions"),
                Member("DeliveryOptions", .structure(Self.deliveryOptions)),
                Member("ReputationOptions", .structure(Self.reputationOptions)),
                Member("SendingOptions", .structure(Self.sendingOptions)),
                Member("Tags", Self.tags),
                Member("SuppressionOptions", .structure(Self.suppressionOptions)),
                Self.unsupported("VdmOptions"),
                Self.unsupported("ArchivingOptions"),
            ]),
        output: Self.empty("CreateConfigurationSetResponse"),
        errors: [.alreadyExists, .notFound, .tooManyRequests, .limitExceeded, .badRequest, .concurrentModification])

    package static let getConfigurationSet = Operation(
        name: "GetConfigurationSet", method: .get, path: "/v2/email/configuration-sets/{ConfigurationSetName}",
        input: StructureShape(
            "GetConfigurationSetRequest",
            [
                .required("ConfigurationSetName", .string(StringConstraint(minimumLength: 1)), location: .path)
            ]),
        output: StructureShape(
            "GetConfigurationSetResponse",
            [
                Member("ConfigurationSetName", .string),
                Member("TrackingOptions", .structure(Self.trackingOptions)),
                Member("DeliveryOptions", .structure(Self.deliveryOptions)),
                Member("ReputationOptions", .structure(Self.reputationOptions)),
                Member("SendingOptions", .structure(Self.sendingOptions)),
                Member("Tags", .list(.structure(Self.tag))),
                Member("SuppressionOptions", .structure(Self.suppressionOptions)),
            ]),
        errors: [.notFound, .tooManyRequests, .badRequest])

    private static let listConfigurationSetsOutput = StructureShape(
        "ListConfigurationSetsResponse",
        [
            Member("ConfigurationSets", .list(.string)),
            Member("NextToken", .string),
        ])

    /// The form of the service model until 2026.
    package static let listConfigurationSets = Operation(
        name: "ListConfigurationSets", method: .get, path: "/v2/email/configuration-sets",
        input: StructureShape("ListConfigurationSetsRequest", Self.page(.query)),
        output: Self.listConfigurationSetsOutput, errors: [.tooManyRequests, .badRequest])

    /// The form of the service model since 2026.
    package static let listConfigurationSetsByPost = Operation(
        name: "ListConfigurationSets", method: .post, path: "/v2/email/list-configuration-sets",
        input: StructureShape("ListConfigurationSetsRequest", [Self.unsupported("Filter")] + Self.page(.body)),
        output: Self.listConfigurationSetsOutput, errors: [.tooManyRequests, .badRequest])

    package static let deleteConfigurationSet = Operation(
        name: "DeleteConfigurationSet", method: .delete, path: "/v2/email/configuration-sets/{ConfigurationSetName}",
        input: StructureShape(
            "DeleteConfigurationSetRequest",
            [
                .required("ConfigurationSetName", .string(StringConstraint(minimumLength: 1)), location: .path)
            ]),
        output: Self.empty("DeleteConfigurationSetResponse"),
        errors: [.notFound, .tooManyRequests, .badRequest, .concurrentModification])
}
