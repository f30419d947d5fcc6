/// API v2 (service model 2019-09-27), as far as this version serves it.
package enum SESv2 {
    /// Every operation. ListEmailIdentities and ListConfigurationSets stand twice: the service model changed their method and path in
    /// 2026, and clients of both models are about.
    package static let operations: [Operation] = [
        Self.sendEmail,
        Self.createEmailIdentity, Self.getEmailIdentity, Self.listEmailIdentities, Self.listEmailIdentitiesByPost, Self.deleteEmailIdentity,
        Self.createConfigurationSet, Self.getConfigurationSet, Self.listConfigurationSets, Self.listConfigurationSetsByPost,
        Self.deleteConfigurationSet, Self.putConfigurationSetDeliveryOptions,
        Self.createDedicatedIPPool, Self.getDedicatedIPPool, Self.listDedicatedIPPools, Self.deleteDedicatedIPPool,
        Self.getAccount,
    ]

    /// The size of a message, attachments included and after encoding, that API v2 takes: 40 MB.
    package static let maximumMessageBytes = 40 << 20

    /// The answer of operations that have nothing to say.
    package static func empty(_ name: String) -> StructureShape { StructureShape(name) }

    /// The text for members that SES knows and this version does not obey.
    static func unsupported(_ name: String) -> Member {
        .refused(name, "\(name) is not supported by this version of Apus. Remove it from the request.")
    }
}
