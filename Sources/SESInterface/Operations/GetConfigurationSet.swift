internal import ControlPlane
internal import SESModel

/// GetConfigurationSet: a set with all its options.
struct GetConfigurationSet: OperationHandler {
    let controlPlane: ControlPlane

    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue {
        let name = input.string("ConfigurationSetName") ?? ""
        guard let set = self.controlPlane.configurationSet(name, account: caller.account.id) else {
            throw SESError(.notFound, "Configuration set <\(name)> does not exist.")
        }
        var delivery = StructureValue(SESv2.deliveryOptions)
        delivery["TlsPolicy"] = .string(set.tlsPolicy.rawValue)
        delivery["SendingPoolName"] = set.sendingPool.map(Value.string)
        delivery["MaxDeliverySeconds"] = set.maxDeliverySeconds.map { .integer(Int64($0)) }
        var reputation = StructureValue(SESv2.reputationOptions)
        reputation["ReputationMetricsEnabled"] = .boolean(set.reputationMetricsEnabled)
        var sending = StructureValue(SESv2.sendingOptions)
        sending["SendingEnabled"] = .boolean(set.sendingEnabled)
        var output = StructureValue(operation.output)
        output["ConfigurationSetName"] = .string(set.name)
        output["DeliveryOptions"] = .structure(delivery)
        output["ReputationOptions"] = .structure(reputation)
        output["SendingOptions"] = .structure(sending)
        output["Tags"] = ResourceTags.value(set.tags)
        if let reasons = set.suppressedReasons {
            var suppression = StructureValue(SESv2.suppressionOptions)
            suppression["SuppressedReasons"] = .strings(reasons.map(\.rawValue))
            output["SuppressionOptions"] = .structure(suppression)
        }
        return output
    }
}
