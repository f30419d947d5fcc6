internal import Backends
internal import ControlPlane
internal import Intake
internal import SESModel

/// The handler of every operation, by name.
enum OperationHandlers {
    static func all(controlPlane: ControlPlane, intake: Intake, quotas: any QuotaCounting) -> [String: any OperationHandler] {
        let handlers: [String: any OperationHandler] = [
            "SendEmail": SendEmail(intake: intake),
            "CreateEmailIdentity": CreateEmailIdentity(controlPlane: controlPlane),
            "GetEmailIdentity": GetEmailIdentity(controlPlane: controlPlane),
            "ListEmailIdentities": ListEmailIdentities(controlPlane: controlPlane),
            "DeleteEmailIdentity": DeleteEmailIdentity(controlPlane: controlPlane),
            "CreateConfigurationSet": CreateConfigurationSet(controlPlane: controlPlane),
            "GetConfigurationSet": GetConfigurationSet(controlPlane: controlPlane),
            "ListConfigurationSets": ListConfigurationSets(controlPlane: controlPlane),
            "DeleteConfigurationSet": DeleteConfigurationSet(controlPlane: controlPlane),
            "PutConfigurationSetDeliveryOptions": PutConfigurationSetDeliveryOptions(controlPlane: controlPlane),
            "CreateDedicatedIpPool": CreateDedicatedIPPool(controlPlane: controlPlane),
            "GetDedicatedIpPool": GetDedicatedIPPool(controlPlane: controlPlane),
            "ListDedicatedIpPools": ListDedicatedIPPools(controlPlane: controlPlane),
            "DeleteDedicatedIpPool": DeleteDedicatedIPPool(controlPlane: controlPlane, mail: intake.poolMail),
            "GetAccount": GetAccount(quotas: quotas),
        ]
        for operation in SESv2.operations {
            precondition(handlers[operation.name] != nil, "every operation has a handler: \(operation.name)")
        }
        return handlers
    }
}
