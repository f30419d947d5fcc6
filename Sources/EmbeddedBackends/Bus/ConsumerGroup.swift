import Backends

/// The members of a consumer group, in the order of their joining.
struct ConsumerGroup: Sendable {
    struct Member: Sendable {
        /// The member's fetcher.
        let fetcher: Int
        let topics: Set<String>
        let listener: any BusRebalanceListener
    }

    var members: [Member] = []
    /// Rebalances of a group happen one after the other.
    let rebalancing = AsyncSerializer()

    /// Range assignment: of each topic every member gets one contiguous range of partitions, sizes differing by at most one.
    ///
    /// - Parameter topics: the partition count of each topic.
    /// - Returns: by fetcher.
    func assignment(topics: [String: Int]) -> [Int: Set<TopicPartition>] {
        var assignment: [Int: Set<TopicPartition>] = [:]
        for (topic, partitions) in topics {
            let members = self.members.filter { $0.topics.contains(topic) }
            guard !members.isEmpty else { continue }
            for (place, member) in members.enumerated() {
                let range = partitions * place / members.count..<partitions * (place + 1) / members.count
                for partition in range {
                    assignment[member.fetcher, default: []].insert(TopicPartition(topic: topic, partition: partition))
                }
            }
        }
        return assignment
    }
}
