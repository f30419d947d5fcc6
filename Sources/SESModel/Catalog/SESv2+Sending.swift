extension SESv2 {
    private static let addresses = Shape.list(.string, maximumCount: 10_000)

    package static let destination = StructureShape(
        "Destination",
        [
            Member("ToAddresses", Self.addresses), Member("CcAddresses", Self.addresses), Member("BccAddresses", Self.addresses),
        ])

    package static let content = StructureShape("Content", [.required("Data", .string), Member("Charset", .string)])

    package static let body = StructureShape(
        "Body",
        [
            Member("Text", .structure(Self.content)), Member("Html", .structure(Self.content)),
        ])

    package static let messageHeader = StructureShape(
        "MessageHeader",
        [
            .required(
                "Name",
                .string(
                    StringConstraint(
                        minimumLength: 1, maximumLength: 126,
                        pattern: .init("^[!-9;-@A-~]+$") { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }))),
            .required(
                "Value",
                .string(StringConstraint(minimumLength: 1, maximumLength: 995, pattern: .init("[ -~]*") { $0 >= 0x20 && $0 < 0x7F }))),
        ])

    package static let attachment = StructureShape(
        "Attachment",
        [
            .required("RawContent", .blob(maximumBytes: Self.maximumMessageBytes)),
            Member("ContentDisposition", .oneOf("ATTACHMENT", "INLINE")),
            .required("FileName", .string(StringConstraint(maximumLength: 255))),
            Member("ContentDescription", .string(StringConstraint(maximumLength: 1000))),
            Member("ContentId", .string(StringConstraint(minimumLength: 1, maximumLength: 78))),
            Member("ContentTransferEncoding", .oneOf("BASE64", "QUOTED_PRINTABLE", "SEVEN_BIT")),
            Member("ContentType", .string(StringConstraint(minimumLength: 1, maximumLength: 78))),
        ])

    package static let simpleMessage = StructureShape(
        "Message",
        [
            .required("Subject", .structure(Self.content)),
            .required("Body", .structure(Self.body)),
            Member("Headers", .list(.structure(Self.messageHeader), maximumCount: 15)),
            Member("Attachments", .list(.structure(Self.attachment), maximumCount: 500)),
        ])

    package static let rawMessage = StructureShape("RawMessage", [.required("Data", .blob(maximumBytes: Self.maximumMessageBytes))])

    package static let emailContent = StructureShape(
        "EmailContent",
        [
            Member("Simple", .structure(Self.simpleMessage)),
            Member("Raw", .structure(Self.rawMessage)),
            .refused("Template", "Templates are not supported by this version of Apus. Send Content.Simple or Content.Raw."),
        ])

    package static let messageTag = StructureShape("MessageTag", [.required("Name", .string), .required("Value", .string)])

    /// SendEmail: one message, at once.
    package static let sendEmail = Operation(
        name: "SendEmail", method: .post, path: "/v2/email/outbound-emails",
        input: StructureShape(
            "SendEmailRequest",
            [
                Member("FromEmailAddress", .string),
                Member("FromEmailAddressIdentityArn", .string(StringConstraint(minimumLength: 1))),
                Member("Destination", .structure(Self.destination)),
                Member("ReplyToAddresses", Self.addresses),
                Member("FeedbackForwardingEmailAddress", .string),
                Member("FeedbackForwardingEmailAddressIdentityArn", .string(StringConstraint(minimumLength: 1))),
                .required("Content", .structure(Self.emailContent)),
                Member("EmailTags", .list(.structure(Self.messageTag))),
                Member("ConfigurationSetName", .string),
                Self.unsupported("EndpointId"),
                Self.unsupported("TenantName"),
                Self.unsupported("ListManagementOptions"),
                Self.unsupported("ConfigurationOverrides"),
                Self.unsupported("MessageSecurityOptions"),
            ]),
        output: StructureShape("SendEmailResponse", [Member("MessageId", .string)]),
        errors: [
            .tooManyRequests, .limitExceeded, .accountSuspended, .sendingPaused, .messageRejected, .mailFromDomainNotVerified, .notFound,
            .badRequest,
        ],
        // A message of the largest size in base64, and what stands around it.
        maximumBodyBytes: (Self.maximumMessageBytes + 2) / 3 * 4 + (1 << 20))
}
