internal import ApusCore
internal import Intake
internal import MailMessage
internal import SESModel

/// SendEmail: hands one message to the intake.
struct SendEmail: OperationHandler {
    let intake: Intake

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let destination = input.structure("Destination")
        var submission = Submission(
            account: caller.account, operation: operation.name, sourceIP: caller.sourceIP, callerIdentity: caller.accessKeyID,
            from: input.string("FromEmailAddress"), content: try Self.content(input.structure("Content")))
        submission.to = Self.addresses(destination, "ToAddresses")
        submission.cc = Self.addresses(destination, "CcAddresses")
        submission.bcc = Self.addresses(destination, "BccAddresses")
        submission.replyTo = input.strings("ReplyToAddresses") ?? []
        submission.feedbackForwardingAddress = input.string("FeedbackForwardingEmailAddress")
        submission.identityARNs = ["FromEmailAddressIdentityArn", "FeedbackForwardingEmailAddressIdentityArn"].compactMap(input.string)
        submission.configurationSet = input.string("ConfigurationSetName")
        submission.tags = input.structures("EmailTags").map { tags in
            tags.map { Submission.Tag(name: $0.string("Name") ?? "", value: $0.string("Value") ?? "") }
        }
        let id = try await self.intake.submit(submission)
        var output = StructureValue(operation.output)
        output["MessageId"] = .string(id.rawValue)
        return output
    }

    private static func content(_ content: StructureValue?) throws(SESError) -> Submission.Content {
        switch (content?.structure("Simple"), content?.structure("Raw")) {
        case (let simple?, nil): .simple(self.simple(simple))
        case (nil, let raw?): .raw(raw.blob("Data") ?? [])
        default: throw .badRequest("Content must have exactly one of Simple, Raw and Template.")
        }
    }

    private static func simple(_ message: StructureValue) -> SimpleContent {
        let body = message.structure("Body")
        return SimpleContent(
            subject: message.structure("Subject")?.string("Data") ?? "",
            text: self.text(body?.structure("Text")),
            html: self.text(body?.structure("Html")),
            headers: (message.structures("Headers") ?? []).map { (name: $0.string("Name") ?? "", value: $0.string("Value") ?? "") },
            attachments: (message.structures("Attachments") ?? []).map(self.attachment))
    }

    private static func text(_ content: StructureValue?) -> BodyText? {
        content.map { BodyText($0.string("Data") ?? "", charset: $0.string("Charset")) }
    }

    private static func attachment(_ value: StructureValue) -> Attachment {
        let encoding: TransferEncoding? =
            switch value.string("ContentTransferEncoding") {
            case "QUOTED_PRINTABLE": .quotedPrintable
            case "SEVEN_BIT": .sevenBit
            default: nil
            }
        return Attachment(
            content: value.blob("RawContent") ?? [], fileName: value.string("FileName") ?? "", contentType: value.string("ContentType"),
            disposition: value.string("ContentDisposition") == "INLINE" ? .inline : .attachment, contentID: value.string("ContentId"),
            transferEncoding: encoding, contentDescription: value.string("ContentDescription"))
    }

    /// An empty list is what SDKs send for no list.
    private static func addresses(_ destination: StructureValue?, _ name: String) -> [String]? {
        guard let addresses = destination?.strings(name), !addresses.isEmpty else { return nil }
        return addresses
    }
}
