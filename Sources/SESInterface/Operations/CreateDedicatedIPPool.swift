internal import ControlPlane
internal import SESModel

/// CreateDedicatedIpPool: a pool of the account, to which the operator gives addresses.
struct CreateDedicatedIPPool: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        guard let mode = SendingPool.ScalingMode(rawValue: input.string("ScalingMode") ?? SendingPool.ScalingMode.standard.rawValue) else {
            throw SESError.badRequest("The ScalingMode parameter is invalid.")
        }
        try await self.controlPlane.createPool(
            input.string("PoolName") ?? "", owner: caller.account.id, scalingMode: mode, tags: ResourceTags.tags(input))
        return StructureValue(operation.output)
    }
}
