internal import ControlPlane
internal import SESModel

/// ListEmailIdentities, in both of its forms: a page of the account's identities.
struct ListEmailIdentities: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let page = try await PageToken.page(input, name: \EmailIdentity.name) { after, limit in
            try await self.controlPlane.listIdentities(account: caller.account.id, after: after, limit: limit)
        }
        var output = StructureValue(operation.output)
        output["EmailIdentities"] = .list(
            page.elements.map { identity in
                var info = StructureValue(SESv2.identityInfo)
                info["IdentityType"] = IdentityValues.type(identity)
                info["IdentityName"] = .string(identity.name)
                info["SendingEnabled"] = .boolean(identity.verification == .success)
                info["VerificationStatus"] = .string(identity.verification.rawValue)
                return .structure(info)
            })
        output["NextToken"] = page.nextToken.map(Value.string)
        return output
    }
}
