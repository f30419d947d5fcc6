import ApusSchema
import Backends
import Delivery
import SwiftProtobuf

/// What waits, and what the workers say of it: for `apus queue` and for metrics.
struct QueueReader: Sendable {
    /// One topic in which records wait.
    struct Topic: Sendable {
        let name: String
        /// Records that its group has not done.
        var waiting: Int64
        /// Partitions of which the brokers have deleted records, and nobody knows what the group has done.
        var partitionsWithoutOffset = 0
    }

    let bus: any MessageBus
    let dead: DeadLetters
    /// Where workers publish what they hold; nil when no server runs.
    let workers: (any WorkerRegistry)?

    /// How much of a topic a group has not done.
    ///
    /// - Throws: `BusError`.
    func topic(_ name: String, group: String) async throws -> Topic {
        var topic = Topic(name: name, waiting: 0)
        for position in try await self.bus.positions(topic: name, group: group) {
            topic.waiting += max(position.end - max(position.committed ?? position.start, position.start), 0)
            if position.committed == nil, position.start > 0 { topic.partitionsWithoutOffset += 1 }
        }
        return topic
    }

    /// Those of mail, and last what could not be handled.
    ///
    /// - Throws: `BusError`.
    func topics() async throws -> [Topic] {
        var topics: [Topic] = []
        for name in ServiceTopics.waiting {
            topics.append(
                name == Topics.dead
                    ? Topic(name: name, waiting: Int64(try await self.dead.waiting().count))
                    : try await self.topic(name, group: Topics.group(of: name)))
        }
        return topics
    }

    /// What the workers that are alive hold.
    ///
    /// - Throws: `ThrottlingError`.
    func summaries() async throws -> [Apus_V1_QueueSummary] {
        try await self.workers?.summaries().values.compactMap { try? Apus_V1_QueueSummary(serializedBytes: $0) } ?? []
    }
}
