internal import ControlPlane
internal import SESModel

/// DeleteEmailIdentity: with it go its keys.
struct DeleteEmailIdentity: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        try await self.controlPlane.deleteIdentity(input.string("EmailIdentity") ?? "", account: caller.account.id)
        return StructureValue(operation.output)
    }
}
