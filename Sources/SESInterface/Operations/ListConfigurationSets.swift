internal import ControlPlane
internal import SESModel

/// ListConfigurationSets, in both of its forms: a page of names.
struct ListConfigurationSets: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let page = try await PageToken.page(input, name: \ConfigurationSet.name) { after, limit in
            try await self.controlPlane.listConfigurationSets(account: caller.account.id, after: after, limit: limit)
        }
        var output = StructureValue(operation.output)
        output["ConfigurationSets"] = .strings(page.elements.map(\.name))
        output["NextToken"] = page.nextToken.map(Value.string)
        return output
    }
}
