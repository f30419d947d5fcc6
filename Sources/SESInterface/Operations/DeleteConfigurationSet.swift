internal import ControlPlane
internal import SESModel

/// DeleteConfigurationSet.
struct DeleteConfigurationSet: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        try await self.controlPlane.deleteConfigurationSet(input.string("ConfigurationSetName") ?? "", account: caller.account.id)
        return StructureValue(operation.output)
    }
}
