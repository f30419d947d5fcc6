/// What a consumer's owner is told when partitions come and go.
package enum KafkaRebalance: Sendable {
    /// These partitions are now this member's, to be read from these offsets.
    case assigned([KafkaPartition: Int64])
    /// These partitions go when the handler returns, or after ``KafkaConfiguration/drainTimeout``.
    case revoking([KafkaPartition])
}
