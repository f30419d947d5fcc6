internal import Backends
internal import ControlPlane
internal import SESModel

/// GetAccount: the caller's quotas and what is left of them.
struct GetAccount: OperationHandler {
    let quotas: any QuotaCounting

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let account = caller.account
        var quota = StructureValue(SESv2.sendQuota)
        quota["Max24HourSend"] = .double(account.maximum24HourSend.map { Double($0) } ?? -1)
        quota["MaxSendRate"] = .double(account.maximumSendRate)
        quota["SentLast24Hours"] = .double(Double(try await self.quotas.used(account: account.id)))
        var suppression = StructureValue(SESv2.suppressionAttributes)
        // Nothing is put on a suppression list yet.
        suppression["SuppressedReasons"] = .list([])
        var output = StructureValue(operation.output)
        output["DedicatedIpAutoWarmupEnabled"] = .boolean(false)
        output["EnforcementStatus"] = .string("HEALTHY")
        output["ProductionAccessEnabled"] = .boolean(true)
        output["SendQuota"] = .structure(quota)
        output["SendingEnabled"] = .boolean(account.sendingEnabled)
        output["SuppressionAttributes"] = .structure(suppression)
        return output
    }
}
