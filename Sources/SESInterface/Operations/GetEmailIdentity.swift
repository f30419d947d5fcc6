internal import ApusCore
internal import ControlPlane
internal import SESModel

/// GetEmailIdentity: how far an identity's verification has come, and its settings.
struct GetEmailIdentity: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let name = input.string("EmailIdentity") ?? ""
        guard let identity = self.controlPlane.identity(name, account: caller.account.id) else {
            throw SESError(.notFound, "Email identity \(name) does not exist.")
        }
        var output = StructureValue(operation.output)
        output["IdentityType"] = IdentityValues.type(identity)
        output["FeedbackForwardingStatus"] = .boolean(identity.feedbackForwarding)
        output["VerifiedForSendingStatus"] = .boolean(identity.isVerifiedForSending)
        output["DkimAttributes"] = IdentityValues.dkimAttributes(identity, controlPlane: self.controlPlane)
        var mailFrom = StructureValue(SESv2.mailFromAttributes)
        // As SES answers where no MAIL FROM domain is set: the behaviour alone.
        mailFrom["BehaviorOnMxFailure"] = .string("USE_DEFAULT_VALUE")
        output["MailFromAttributes"] = .structure(mailFrom)
        output["Policies"] = .map([:])
        output["Tags"] = ResourceTags.value(identity.tags)
        output["ConfigurationSetName"] = identity.configurationSet.map(Value.string)
        output["VerificationStatus"] = .string(identity.verification.rawValue)
        output["VerificationInfo"] = .structure(Self.verificationInfo(identity))
        return output
    }

    private static func verificationInfo(_ identity: EmailIdentity) -> StructureValue {
        var info = StructureValue(SESv2.verificationInfo)
        info["LastCheckedTimestamp"] = identity.lastCheckedAt.map { .timestamp(milliseconds: $0.rawValue) }
        info["LastSuccessTimestamp"] = identity.lastSuccessAt.map { .timestamp(milliseconds: $0.rawValue) }
        info["ErrorType"] = identity.verificationError.map { .string($0.rawValue) }
        return info
    }
}
