import Backends
import Synchronization

/// A member of a consumer group on the embedded bus.
struct SegmentConsumer: BusConsumer {
    let core: BusCore
    let group: String
    let fetcher: Int

    func nextBatch() async throws -> [BusRecord]? {
        try await BusFetching(core: self.core, fetcher: self.fetcher).next()
    }

    func commit(_ offsets: [TopicPartition: Int64]) async throws {
        let commits = try self.core.state.withLock { state -> [(partition: Int, offset: Int64)] in
            guard let fetcher = state.fetchers[self.fetcher] else {
                throw BusError(.closed, "the consumer is closed")
            }
            return try offsets.compactMap { topicPartition, offset in
                guard let partition = state.index(of: topicPartition), fetcher.cursors[partition] != nil else {
                    throw BusError(.notOwner, "partition \(topicPartition.partition) of \(topicPartition.topic) is not this member's")
                }
                guard offset >= 0, offset <= state.partitions[partition].end else {
                    throw BusError(.invalidArgument, "offset \(offset) is outside of the partition")
                }
                return offset > state.partitions[partition].committed[self.group] ?? -1 ? (partition, offset) : nil
            }
        }
        guard !commits.isEmpty else { return }
        try await withCheckedThrowingContinuation { continuation in
            if !self.core.queue.add(.commit(group: self.group, offsets: commits, continuation)) {
                continuation.resume(throwing: BusError(.closed, "the bus is closed"))
            }
        }
    }

    func pause(_ partitions: [TopicPartition]) async {
        self.core.state.withLock { state in
            for partition in partitions.compactMap({ state.index(of: $0) }) {
                state.fetchers[self.fetcher]?.cursors[partition]?.isPaused = true
                state.fetchers[self.fetcher]?.cursors[partition]?.recall()
            }
        }
    }

    func resume(_ partitions: [TopicPartition]) async {
        let waiter = self.core.state.withLock { state in
            for partition in partitions.compactMap({ state.index(of: $0) }) {
                state.fetchers[self.fetcher]?.cursors[partition]?.isPaused = false
            }
            return state.takeWaiter(self.fetcher)
        }
        waiter?.resume()
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws {
        let waiter = try self.core.state.withLock { state in
            guard let index = state.index(of: partition), state.fetchers[self.fetcher]?.cursors[index] != nil else {
                throw BusError(.notOwner, "partition \(partition.partition) of \(partition.topic) is not this member's")
            }
            state.fetchers[self.fetcher]?.cursors[index]?.recall()
            state.fetchers[self.fetcher]?.cursors[index]?.next = max(0, offset)
            return state.takeWaiter(self.fetcher)
        }
        waiter?.resume()
    }

    func close() async {
        await GroupRebalance(core: self.core, group: self.group).remove(self.fetcher)
    }
}
