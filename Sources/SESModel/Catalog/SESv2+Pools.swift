extension SESv2 {
    package static let dedicatedIPPool = StructureShape(
        "DedicatedIpPool",
        [
            .required("PoolName", .string),
            .required("ScalingMode", .string),
        ])

    package static let createDedicatedIPPool = Operation(
        name: "CreateDedicatedIpPool", method: .post, path: "/v2/email/dedicated-ip-pools",
        input: StructureShape(
            "CreateDedicatedIpPoolRequest",
            [
                .required("PoolName", .string),
                Member("Tags", Self.tags),
                // Any text: a wrong one has an answer of its own.
                Member("ScalingMode", .string),
            ]),
        output: Self.empty("CreateDedicatedIpPoolResponse"),
        errors: [.alreadyExists, .limitExceeded, .tooManyRequests, .badRequest, .concurrentModification])

    package static let getDedicatedIPPool = Operation(
        name: "GetDedicatedIpPool", method: .get, path: "/v2/email/dedicated-ip-pools/{PoolName}",
        input: StructureShape("GetDedicatedIpPoolRequest", [.required("PoolName", .string(StringConstraint(minimumLength: 1)), location: .path)]),
        output: StructureShape("GetDedicatedIpPoolResponse", [Member("DedicatedIpPool", .structure(Self.dedicatedIPPool))]),
        errors: [.tooManyRequests, .notFound, .badRequest])

    package static let listDedicatedIPPools = Operation(
        name: "ListDedicatedIpPools", method: .get, path: "/v2/email/dedicated-ip-pools",
        input: StructureShape("ListDedicatedIpPoolsRequest", Self.page(.query)),
        output: StructureShape(
            "ListDedicatedIpPoolsResponse",
            [
                Member("DedicatedIpPools", .list(.string)),
                Member("NextToken", .string),
            ]),
        errors: [.tooManyRequests, .badRequest])

    package static let deleteDedicatedIPPool = Operation(
        name: "DeleteDedicatedIpPool", method: .delete, path: "/v2/email/dedicated-ip-pools/{PoolName}",
        input: StructureShape(
            "DeleteDedicatedIpPoolRequest", [.required("PoolName", .string(StringConstraint(minimumLength: 1)), location: .path)]),
        output: Self.empty("DeleteDedicatedIpPoolResponse"),
        errors: [.notFound, .tooManyRequests, .badRequest, .concurrentModification])

    package static let putConfigurationSetDeliveryOptions = Operation(
        name: "PutConfigurationSetDeliveryOptions", method: .put,
        path: "/v2/email/configuration-sets/{ConfigurationSetName}/delivery-options",
        input: StructureShape(
            "PutConfigurationSetDeliveryOptionsRequest",
            [.required("ConfigurationSetName", .string(StringConstraint(minimumLength: 1)), location: .path)] + Self.deliveryOptions.members),
        output: Self.empty("PutConfigurationSetDeliveryOptionsResponse"),
        errors: [.notFound, .tooManyRequests, .badRequest])
}
