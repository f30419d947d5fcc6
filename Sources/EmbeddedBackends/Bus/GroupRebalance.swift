import Backends
import Synchronization

/// Moves partitions between the members of a group, waiting for their listeners.
///
/// A listener may commit; it must not close its consumer, for that would wait for the rebalance that is waiting for it.
struct GroupRebalance: Sendable {
    let core: BusCore
    let group: String

    /// Adds a member and gives it its share.
    func add(_ member: ConsumerGroup.Member) async throws {
        let serializer = self.core.state.withLock { state in
            let group = state.groups[self.group] ?? ConsumerGroup()
            state.groups[self.group] = group
            return group.rebalancing
        }
        try await serializer.run {
            try self.core.state.withLock { state in
                if state.isClosed { throw BusError(.closed, "the bus is closed") }
                state.groups[self.group]?.members.append(member)
            }
            await self.rebalance()
        }
    }

    /// Takes a member out and gives its share to the others.
    func remove(_ fetcher: Int) async {
        guard let serializer = self.core.state.withLock({ $0.groups[self.group]?.rebalancing }) else { return }
        await serializer.run {
            let member = self.core.state.withLock { $0.groups[self.group]?.members.first { $0.fetcher == fetcher } }
            guard let member else { return }
            await self.revoke(self.owned(member), from: member)
            let waiter = self.core.state.withLock { state in
                state.groups[self.group]?.members.removeAll { $0.fetcher == fetcher }
                return state.closeFetcher(fetcher)
            }
            waiter?.resume()
            await self.rebalance()
        }
    }

    private func owned(_ member: ConsumerGroup.Member) -> Set<TopicPartition> {
        self.core.state.withLock { state in
            Set((state.fetchers[member.fetcher]?.order ?? []).map { state.partitions[$0].topicPartition })
        }
    }

    private func rebalance() async {
        let (members, target) = self.core.state.withLock { state in
            let group = state.groups[self.group] ?? ConsumerGroup()
            return (group.members, group.assignment(topics: state.topics.mapValues(\.definition.partitions)))
        }
        await withTaskGroup(of: Void.self) { tasks in
            for member in members {
                let lost = self.owned(member).subtracting(target[member.fetcher] ?? [])
                guard !lost.isEmpty else { continue }
                tasks.addTask { await self.revoke(lost, from: member) }
            }
        }
        for member in members {
            let gained = (target[member.fetcher] ?? []).subtracting(self.owned(member))
            guard !gained.isEmpty else { continue }
            await self.assign(gained, to: member)
        }
    }

    private func revoke(_ partitions: Set<TopicPartition>, from member: ConsumerGroup.Member) async {
        guard !partitions.isEmpty else { return }
        self.core.state.withLock { state in
            for partition in partitions.compactMap({ state.index(of: $0) }) {
                state.fetchers[member.fetcher]?.cursors[partition]?.isHeld = true
                state.fetchers[member.fetcher]?.cursors[partition]?.recall()
            }
        }
        await member.listener.partitionsRevoking(Self.sorted(partitions))
        self.core.state.withLock { state in
            for partition in partitions.compactMap({ state.index(of: $0) }) {
                state.removeCursor(fetcher: member.fetcher, partition: partition)
            }
        }
    }

    private func assign(_ partitions: Set<TopicPartition>, to member: ConsumerGroup.Member) async {
        let offsets = self.core.state.withLock { state in
            var offsets: [TopicPartition: Int64] = [:]
            for topicPartition in partitions {
                guard let index = state.index(of: topicPartition), state.fetchers[member.fetcher] != nil else { continue }
                let offset = state.partitions[index].committed[self.group] ?? state.partitions[index].start
                var cursor = Fetcher.Cursor(next: offset)
                cursor.isHeld = true
                state.addCursor(cursor, fetcher: member.fetcher, partition: index)
                offsets[topicPartition] = offset
            }
            return offsets
        }
        await member.listener.partitionsAssigned(offsets)
        let waiter = self.core.state.withLock { state in
            for partition in offsets.keys.compactMap({ state.index(of: $0) }) {
                state.fetchers[member.fetcher]?.cursors[partition]?.isHeld = false
            }
            return state.takeWaiter(member.fetcher)
        }
        waiter?.resume()
    }

    private static func sorted(_ partitions: Set<TopicPartition>) -> [TopicPartition] {
        partitions.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }
}
