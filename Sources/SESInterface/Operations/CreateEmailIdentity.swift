internal import ControlPlane
internal import SESModel

/// CreateEmailIdentity: a domain or address that the account wants to send from.
struct CreateEmailIdentity: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let name = input.string("EmailIdentity") ?? ""
        if let signing = input.structure("DkimSigningAttributes") { try Self.check(signing, isDomain: !name.utf8.contains(UInt8(ascii: "@"))) }
        let identity = try await self.controlPlane.createIdentity(
            name: name, account: caller.account.id, configurationSet: input.string("ConfigurationSetName"), tags: ResourceTags.tags(input))
        var output = StructureValue(operation.output)
        output["IdentityType"] = IdentityValues.type(identity)
        output["VerifiedForSendingStatus"] = .boolean(identity.isVerifiedForSending)
        output["DkimAttributes"] = IdentityValues.dkimAttributes(identity, controlPlane: self.controlPlane)
        return output
    }

    /// Keys are always this installation's, RSA of 2048 bits.
    private static func check(_ signing: StructureValue, isDomain: Bool) throws(SESError) {
        guard isDomain else { throw .badRequest("The EmailIdentity value must be a valid domain.") }
        if signing.string("NextSigningKeyLength") == "RSA_1024_BIT" {
            throw .badRequest("RSA_1024_BIT keys are not supported by this version of Apus. Use RSA_2048_BIT.")
        }
        if let origin = signing.string("DomainSigningAttributesOrigin"), origin != "AWS_SES" {
            throw .badRequest("DomainSigningAttributesOrigin \(origin) is not supported by this version of Apus. Use AWS_SES.")
        }
    }
}
