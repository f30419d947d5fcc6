extension SESv2 {
    /// Resource tags: at most fifty.
    package static let tag = StructureShape(
        "Tag",
        [
            .required("Key", .string(StringConstraint(minimumLength: 1, maximumLength: 128))),
            .required("Value", .string(StringConstraint(maximumLength: 256))),
        ])
    static let tags = Shape.list(.structure(Self.tag), maximumCount: 50)

    static let enabledOrDisabled = Shape.oneOf("ENABLED", "DISABLED")
    static let verificationStatus = Shape.oneOf("PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE", "NOT_STARTED")
    static let identityType = Shape.oneOf("EMAIL_ADDRESS", "DOMAIN", "MANAGED_DOMAIN")
    static let suppressedReasons = Shape.list(.oneOf("BOUNCE", "COMPLAINT"))

    /// The page parameters of list operations, in the query of the older form and in the body of the newer. A size of 0 is the default.
    static func page(_ location: Member.Location) -> [Member] {
        [
            Member("NextToken", .string(StringConstraint(maximumLength: 2048)), location: location),
            Member("PageSize", .integer(0...1000), location: location),
        ]
    }
}
