internal import ControlPlane
internal import SESModel

/// PutConfigurationSetDeliveryOptions: the pool, the TLS policy and the deadline of a set, all anew.
struct PutConfigurationSetDeliveryOptions: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        try await self.controlPlane.updateConfigurationSet(input.string("ConfigurationSetName") ?? "", account: caller.account.id) { set in
            try DeliveryOptions.apply(input, to: &set, controlPlane: self.controlPlane)
        }
        return StructureValue(operation.output)
    }
}
