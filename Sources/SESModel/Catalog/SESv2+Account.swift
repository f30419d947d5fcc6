extension SESv2 {
    package static let sendQuota = StructureShape(
        "SendQuota",
        [
            Member("Max24HourSend", .double), Member("MaxSendRate", .double), Member("SentLast24Hours", .double),
        ])

    package static let suppressionAttributes = StructureShape(
        "SuppressionAttributes",
        [
            Member("SuppressedReasons", Self.suppressedReasons)
        ])

    package static let getAccount = Operation(
        name: "GetAccount", method: .get, path: "/v2/email/account",
        input: StructureShape("GetAccountRequest"),
        output: StructureShape(
            "GetAccountResponse",
            [
                Member("DedicatedIpAutoWarmupEnabled", .boolean),
                Member("EnforcementStatus", .oneOf("HEALTHY", "PROBATION", "SHUTDOWN")),
                Member("ProductionAccessEnabled", .boolean),
                Member("SendQuota", .structure(Self.sendQuota)),
                Member("SendingEnabled", .boolean),
                Member("SuppressionAttributes", .structure(Self.suppressionAttributes)),
            ]),
        errors: [.tooManyRequests, .badRequest])
}
