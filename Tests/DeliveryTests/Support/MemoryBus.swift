import ApusCore
import Backends
import NIOCore
import Synchronization

/// A bus in memory: every guarantee but durability, and faults on demand.
final class MemoryBus: MessageBus {
    struct State {
        var topics: [String: [[BusRecord]]] = [:]
        var committed: [String: [TopicPartition: Int64]] = [:]
        var failures = 0
        var isClosed = false
        var members: [Int: MemoryConsumer] = [:]
        var nextMember = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var largestRecord = Int.max
    }

    let state = Mutex(State())
    let now: @Sendable () -> UnixMilliseconds

    init(now: @escaping @Sendable () -> UnixMilliseconds = { SystemClock.now() }) {
        self.now = now
    }

    /// The next so many calls of `produce` fail.
    func failNext(_ count: Int) { self.state.withLock { $0.failures = count } }

    func ensureTopics(_ topics: [TopicDefinition]) async throws {
        self.state.withLock { state in
            for topic in topics where state.topics[topic.name] == nil {
                state.topics[topic.name] = Array(repeating: [], count: topic.partitions)
            }
        }
    }

    @discardableResult
    func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition] {
        let positions = try self.state.withLock { state -> [RecordPosition] in
            if state.isClosed { throw BusError(.closed, "closed") }
            if state.failures > 0 {
                state.failures -= 1
                throw BusError(.unavailable, "fails on demand")
            }
            if records.contains(where: { $0.value.readableBytes > state.largestRecord }) { throw BusError(.recordTooLarge, "too large") }
            return try records.map { record in
                guard let partitions = state.topics[record.topic] else { throw BusError(.unknownTopic, record.topic) }
                let partition = record.partition ?? record.key.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xffff } % partitions.count
                let position = RecordPosition(
                    topicPartition: TopicPartition(topic: record.topic, partition: partition), offset: Int64(partitions[partition].count))
                state.topics[record.topic]?[partition].append(
                    BusRecord(position: position, appendedAt: self.now(), key: record.key, value: record.value))
                return position
            }
        }
        self.wake()
        return positions
    }

    func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        // One member at a time is all that these tests need: a new one takes everything over.
        let old = self.state.withLock { $0.members.values.filter { $0.group == group } }
        for member in old { await member.giveUp() }
        let (consumer, start) = self.state.withLock { state -> (MemoryConsumer, [TopicPartition: Int64]) in
            let consumer = MemoryConsumer(bus: self, number: state.nextMember, group: group, configuration: configuration, rebalance: rebalance)
            state.members[state.nextMember] = consumer
            state.nextMember += 1
            var start: [TopicPartition: Int64] = [:]
            for topic in topics {
                for partition in (state.topics[topic] ?? []).indices {
                    let name = TopicPartition(topic: topic, partition: partition)
                    start[name] = state.committed[group]?[name] ?? 0
                }
            }
            return (consumer, start)
        }
        consumer.state.withLock { $0.positions = start }
        await rebalance.partitionsAssigned(start)
        return consumer
    }

    func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader {
        guard start == .earliest, !follow else { throw BusError(.invalidArgument, "this bus is read from its beginning to its end") }
        return MemoryReader(self.records(topic))
    }

    func positions(topic: String, group: String?) async throws -> [PartitionPositions] {
        self.state.withLock { state in
            (state.topics[topic] ?? []).indices.map { partition in
                let name = TopicPartition(topic: topic, partition: partition)
                return PartitionPositions(
                    topicPartition: name, start: 0, end: Int64(state.topics[topic]?[partition].count ?? 0),
                    committed: group.flatMap { state.committed[$0]?[name] })
            }
        }
    }

    func close() async {
        self.state.withLock { $0.isClosed = true }
        self.wake()
    }

    /// All records of a topic, partition by partition.
    func records(_ topic: String) -> [BusRecord] {
        self.state.withLock { ($0.topics[topic] ?? []).flatMap { $0 } }
    }

    /// The members of all groups.
    var consumers: [MemoryConsumer] { self.state.withLock { Array($0.members.values) } }

    /// How much of a topic a group has not committed.
    func lag(_ topic: String, group: String) -> Int {
        self.state.withLock { state in
            (state.topics[topic] ?? []).enumerated().reduce(0) { sum, entry in
                sum + entry.element.count - Int(state.committed[group]?[TopicPartition(topic: topic, partition: entry.offset)] ?? 0)
            }
        }
    }

    /// Waits until the bus is as wanted; asks after every change.
    func wait(until isMet: @escaping @Sendable (MemoryBus) -> Bool) async throws {
        while !isMet(self) {
            try Task.checkCancellation()
            await self.change { isMet(self) }
        }
    }

    /// Waits for a produce, commit or close; returns at once when `isMet` holds meanwhile.
    func change(unless isMet: () -> Bool = { false }) async {
        let number = self.state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.state.withLock { $0.waiters[number] = continuation }
                if isMet() || Task.isCancelled { self.wake(number) }
            }
        } onCancel: {
            self.wake(number)
        }
    }

    private func wake(_ number: Int) {
        self.state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }

    func wake() {
        let waiters = self.state.withLock { state in
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }
}

enum SystemClock {
    static func now() -> UnixMilliseconds {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

#if canImport(Glibc)
    import Glibc
#endif
