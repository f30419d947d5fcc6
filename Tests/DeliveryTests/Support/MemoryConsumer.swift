import Backends
import NIOCore
import Synchronization

final class MemoryConsumer: BusConsumer {
    struct State {
        var positions: [TopicPartition: Int64] = [:]
        var paused: Set<TopicPartition> = []
        /// How often each was called, for tests of the flow.
        var pauses = 0
        var resumes = 0
        var isClosed = false
    }

    let bus: MemoryBus
    let number: Int
    let group: String
    let configuration: BusConsumerConfiguration
    let rebalance: any BusRebalanceListener
    let state = Mutex(State())

    init(bus: MemoryBus, number: Int, group: String, configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener) {
        self.bus = bus
        self.number = number
        self.group = group
        self.configuration = configuration
        self.rebalance = rebalance
    }

    func nextBatch() async throws -> [BusRecord]? {
        while true {
            if Task.isCancelled || self.state.withLock({ $0.isClosed }) { return nil }
            let batch = self.take()
            if !batch.isEmpty { return batch }
            await self.bus.change { self.hasMore || self.state.withLock { $0.isClosed } }
        }
    }

    private var hasMore: Bool {
        self.state.withLock { state in
            self.bus.state.withLock { bus in
                state.positions.contains { name, offset in
                    !state.paused.contains(name) && offset < Int64(bus.topics[name.topic]?[name.partition].count ?? 0)
                }
            }
        }
    }

    private func take() -> [BusRecord] {
        self.state.withLock { state in
            self.bus.state.withLock { bus in
                var batch: [BusRecord] = []
                var octets = 0
                for (name, offset) in state.positions where !state.paused.contains(name) {
                    let records = bus.topics[name.topic]?[name.partition] ?? []
                    for record in records.dropFirst(Int(offset)) {
                        if !batch.isEmpty,
                            batch.count >= self.configuration.maximumBatchRecords
                                || octets + record.value.readableBytes > self.configuration.maximumBatchBytes
                        {
                            return batch
                        }
                        batch.append(record)
                        octets += record.value.readableBytes
                        state.positions[name] = record.position.offset + 1
                    }
                }
                return batch
            }
        }
    }

    func commit(_ offsets: [TopicPartition: Int64]) async throws {
        let positions = self.state.withLock { $0.positions }
        guard offsets.keys.allSatisfy({ positions[$0] != nil }) else { throw BusError(.notOwner, "not owned") }
        self.bus.state.withLock { state in
            for (name, offset) in offsets {
                let old = state.committed[self.group]?[name] ?? 0
                state.committed[self.group, default: [:]][name] = max(old, offset)
            }
        }
        self.bus.wake()
    }

    func pause(_ partitions: [TopicPartition]) async {
        self.state.withLock { state in
            state.paused.formUnion(partitions)
            state.pauses += 1
        }
        self.bus.wake()
    }

    func resume(_ partitions: [TopicPartition]) async {
        self.state.withLock { state in
            state.paused.subtract(partitions)
            state.resumes += 1
        }
        self.bus.wake()
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws {
        self.state.withLock { $0.positions[partition] = offset }
        self.bus.wake()
    }

    func close() async {
        guard !self.state.withLock({ $0.isClosed }) else { return }
        await self.giveUp()
        self.state.withLock { $0.isClosed = true }
        _ = self.bus.state.withLock { $0.members.removeValue(forKey: self.number) }
        self.bus.wake()
    }

    /// All partitions go to another member.
    func giveUp() async {
        let owned = self.state.withLock { Array($0.positions.keys) }
        guard !owned.isEmpty else { return }
        await self.rebalance.partitionsRevoking(owned)
        self.state.withLock { $0.positions = [:] }
    }
}
