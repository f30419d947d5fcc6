internal import ApusCore
internal import ControlPlane
internal import SESModel

/// CreateConfigurationSet: a name for rules that messages are sent under.
struct CreateConfigurationSet: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        var set = ConfigurationSet(
            account: caller.account.id, name: input.string("ConfigurationSetName") ?? "", createdAt: Self.now(), tags: ResourceTags.tags(input))
        if let delivery = input.structure("DeliveryOptions") {
            try DeliveryOptions.apply(delivery, to: &set, controlPlane: self.controlPlane)
        }
        // An option group without its value means false, as in SES; a group that is left out means the default.
        if let reputation = input.structure("ReputationOptions") {
            set.reputationMetricsEnabled = reputation.boolean("ReputationMetricsEnabled") ?? false
        }
        if let sending = input.structure("SendingOptions") { set.sendingEnabled = sending.boolean("SendingEnabled") ?? false }
        if let suppression = input.structure("SuppressionOptions") {
            set.suppressedReasons = (suppression.strings("SuppressedReasons") ?? []).compactMap(ConfigurationSet.SuppressedReason.init)
        }
        try await self.controlPlane.createConfigurationSet(set)
        return StructureValue(operation.output)
    }

    private static func now() -> UnixMilliseconds { UnixMilliseconds(TimeOfDay.unixSeconds() * 1000) }
}
