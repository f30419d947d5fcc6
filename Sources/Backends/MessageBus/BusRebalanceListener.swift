/// Is told which partitions a consumer gains and loses.
package protocol BusRebalanceListener: Sendable {
    /// These partitions now belong to this member; reading starts at the offsets given.
    func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async

    /// These partitions are about to go to another member. They stay owned until this returns, so that work under way can be
    /// finished and committed; an implementation may stop waiting after its session time.
    func partitionsRevoking(_ partitions: [TopicPartition]) async
}

/// A listener that does not care, for consumers without state of their own.
package struct IgnoringRebalanceListener: BusRebalanceListener {
    package init() {}
    package func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {}
    package func partitionsRevoking(_ partitions: [TopicPartition]) async {}
}
