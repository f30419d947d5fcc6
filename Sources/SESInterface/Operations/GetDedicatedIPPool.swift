internal import ControlPlane
internal import SESModel

/// GetDedicatedIpPool: a pool of the account.
struct GetDedicatedIPPool: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let name = input.string("PoolName") ?? ""
        guard let pool = self.controlPlane.pool(name, owner: caller.account.id) else {
            throw SESError(.notFound, "The requested pool <\(name)> does not exist.")
        }
        var value = StructureValue(SESv2.dedicatedIPPool)
        value["PoolName"] = .string(pool.name)
        value["ScalingMode"] = .string(pool.scalingMode.rawValue)
        var output = StructureValue(operation.output)
        output["DedicatedIpPool"] = .structure(value)
        return output
    }
}
