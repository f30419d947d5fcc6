import ApusSchema
import Backends
import ControlPlane
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

    private let bus: any MessageBus
    private let controlPlane: ControlPlane
    private let queues: QueueTopics
    private let dead: DeadLetters
    /// Where workers publish what they hold; nil when no server runs.
    let workers: (any WorkerRegistry)?

    init(parts: ServiceParts, dead: DeadLetters, workers: (any WorkerRegistry)?) {
        self.bus = parts.bus
        self.controlPlane = parts.controlPlane
        self.queues = parts.queues
        self.dead = dead
        self.workers = workers
    }

    /// The topics in which mail waits, and where records wait that nobody could handle.
    var waiting: [String] { ServiceTopics.waiting(queues: self.queues.queues) }

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
        for name in self.waiting {
            topics.append(
                name == Topics.dead
                    ? Topic(name: name, waiting: Int64(try await self.dead.waiting().count))
                    : try await self.topic(name, group: Topics.group(of: name)))
        }
        return topics
    }

    /// Pools that have mail, which no worker that is alive can deliver, in byte order of their names: those whose mail some worker had to hold,
    /// and those whose queue has no worker at all.
    ///
    /// - Parameter summaries: of all workers that are alive.
    /// - Throws: `BusError`.
    func poolsWithoutWorker(_ summaries: [Apus_V1_QueueSummary]) async throws -> [String] {
        guard self.workers != nil else { return [] }
        var pools = Set(HeldPools.withoutWorker(in: summaries))
        for queue in self.queues.queues {
            let ofQueue = self.controlPlane.pools(ofQueue: queue)
            guard !summaries.contains(where: { $0.pools.isEmpty || !ofQueue.isDisjoint(with: $0.pools) }) else { continue }
            for topic in Topics.outbound(queue: queue) where try await self.topic(topic, group: Topics.group(of: topic)).waiting > 0 {
                pools.formUnion(ofQueue.isEmpty ? [queue] : ofQueue)
            }
        }
        return pools.sorted()
    }

    /// What the workers that are alive hold.
    ///
    /// - Throws: `ThrottlingError`.
    func summaries() async throws -> [Apus_V1_QueueSummary] {
        try await self.workers?.summaries().values.compactMap { try? Apus_V1_QueueSummary(serializedBytes: $0) } ?? []
    }
}
