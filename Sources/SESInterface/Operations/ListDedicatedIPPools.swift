internal import ControlPlane
internal import SESModel

/// ListDedicatedIpPools: a page of the names of the account's pools.
struct ListDedicatedIPPools: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let page = try await PageToken.page(input, name: \SendingPool.name) { after, limit in
            try await self.controlPlane.listPools(account: caller.account.id, after: after, limit: limit)
        }
        var output = StructureValue(operation.output)
        output["DedicatedIpPools"] = .strings(page.elements.map(\.name))
        output["NextToken"] = page.nextToken.map(Value.string)
        return output
    }
}
