internal import ControlPlane
internal import Intake
internal import SESModel

/// DeleteDedicatedIpPool: of a pool that nothing uses and that has no mail.
struct DeleteDedicatedIPPool: OperationHandler {
    let controlPlane: ControlPlane
    let mail: PoolMail

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let account = caller.account.id
        try await self.controlPlane.deletePool(input.string("PoolName") ?? "", owner: account) { pool in
            try await self.mail.isWaiting(pool: pool.name) { $0 == account }
        }
        return StructureValue(operation.output)
    }
}
