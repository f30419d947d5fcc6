import CRdKafka
import DequeModule
import Synchronization

/// Partitions that come and go. The library waits for an answer to each change; meanwhile it heartbeats for us.
extension KafkaConsumerCore {
    /// How long one question about a group's offsets may hold the thread, in milliseconds; it is asked again.
    private static let questionTimeout: Int32 = 1000

    func take(rebalance event: OpaquePointer) {
        guard let list = rd_kafka_event_topic_partition_list(event) else { return }
        let isAssignment = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
        self.thread.changeCount += 1
        self.thread.changes.append(
            GroupChange(
                number: self.thread.changeCount, isAssignment: isAssignment, partitions: Array(KafkaPartitionList.read(list).keys),
                isLost: !isAssignment && rd_kafka_assignment_lost(self.handle) == 1))
    }

    /// Moves the change that is under way on as far as it goes.
    func serveChange() {
        while true {
            if self.thread.change == nil {
                guard let next = self.thread.changes.popFirst() else { return }
                self.thread.change = next
                if next.isAssignment { self.thread.change?.step = .resolving } else { self.beginRevoking(next) }
            }
            guard let change = self.thread.change else { continue }
            switch change.step {
            case .resolving:
                // Taken back before it was known: then nobody has to hear of it.
                let isOver = self.thread.changes.contains { !$0.isAssignment } || self.thread.closing != nil
                if isOver {
                    // The library takes away one by one only what was assigned.
                    self.assign(self.isIncremental ? change.partitions.map { ($0, Int64(RD_KAFKA_OFFSET_INVALID)) } : [])
                    self.thread.change = nil
                } else if let offsets = self.startOffsets(of: change.partitions) {
                    self.begin(change, at: offsets)
                } else {
                    return
                }
            case .telling:
                guard let deadline = change.deadline, ContinuousClock.now >= deadline else { return }
                self.finish(change)
            case nil:
                self.finish(change)
            }
        }
    }

    /// The handler has returned from a change. One that took longer than its drain time is not missed any more.
    func handlerReturned(from number: UInt64) {
        guard self.thread.change?.number == number, self.thread.change?.step == .telling else { return }
        self.thread.change?.step = nil
    }

    private var isIncremental: Bool {
        guard let name = rd_kafka_rebalance_protocol(self.handle) else { return false }
        return String(cString: name) == "COOPERATIVE"
    }

    /// Where to begin in each partition; nil when it cannot be known now. Partitions that must not be read have the offset "invalid".
    private func startOffsets(of partitions: [KafkaPartition]) -> [KafkaPartition: Int64]? {
        let list = KafkaPartitionList(partitions)
        if !partitions.isEmpty {
            let code = rd_kafka_committed(self.handle, list.pointer, Self.questionTimeout)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, !KafkaPartitionList.hasError(list.pointer) else {
                let error = KafkaError(code, doing: "ask for the group's offsets")
                self.shared.withLock { $0.lastError = error }
                return nil
            }
        }
        guard case .group(_, _, let keepsAll) = self.subscription else { return nil }
        var offsets = KafkaPartitionList.read(list.pointer)
        for (partition, offset) in offsets where offset < 0 {
            var low: Int64 = 0
            var high: Int64 = 0
            let code = rd_kafka_query_watermark_offsets(
                self.handle, partition.topic, partition.partition, &low, &high, Self.questionTimeout)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            // A log that has lost its beginning to a group that never committed: somebody's offsets, or mail, are gone.
            offsets[partition] = keepsAll && low > 0 ? Int64(RD_KAFKA_OFFSET_INVALID) : low
        }
        return offsets
    }

    private func begin(_ change: GroupChange, at offsets: [KafkaPartition: Int64]) {
        self.forward(offsets.keys)
        self.assign(offsets.map { ($0.key, $0.value) })
        let readable = offsets.filter { $0.value >= 0 }
        self.thread.owned.formUnion(readable.keys)
        self.thread.committed.merge(readable) { _, new in new }
        // The library finds no offset either, and says so for each.
        self.thread.refused.formUnion(offsets.keys.filter { readable[$0] == nil })
        self.thread.told.formUnion(readable.keys)
        self.tell(.assigned(readable), change)
    }

    private func beginRevoking(_ change: GroupChange) {
        self.thread.going = Set(change.partitions)
        self.forget(self.thread.going)
        if change.isLost { self.thread.owned.subtract(change.partitions) }
        let known = change.partitions.filter(self.thread.told.contains)
        self.thread.told.subtract(known)
        // Given and taken back before anybody heard of it: the change has no step, and ends at once.
        if !known.isEmpty { self.tell(.revoking(known), change) }
    }

    private func tell(_ rebalance: KafkaRebalance, _ change: GroupChange) {
        var change = change
        change.step = .telling
        // A closing consumer whose handler nobody runs need not wait for it as long as for work under way.
        let isServed = self.shared.withLock { $0.rebalanceServer != nil }
        let limit = self.configuration.drainTimeout
        change.deadline = .now + (isServed || self.thread.closing == nil ? limit : min(limit, self.configuration.closeTimeout))
        self.thread.change = change
        let server = self.shared.withLock { shared in
            guard let server = shared.rebalanceServer else {
                shared.change = (change.number, rebalance)
                return CheckedContinuation<(number: UInt64, rebalance: KafkaRebalance)?, Never>?.none
            }
            shared.rebalanceServer = nil
            return server
        }
        server?.resume(returning: (change.number, rebalance))
    }

    private func finish(_ change: GroupChange) {
        self.thread.change = nil
        if change.isAssignment {
            let joiners = self.shared.withLock { shared in
                shared.hasJoined = true
                let joiners = shared.joiners
                shared.joiners = []
                return joiners
            }
            for joiner in joiners { joiner.continuation.resume(returning: true) }
            return
        }
        self.thread.going = []
        self.forget(Set(change.partitions))
        // The library remembers a pause over the loss of a partition; whoever gets it back expects to read.
        self.setFetching(change.partitions.filter(self.thread.paused.contains), true)
        self.thread.owned.subtract(change.partitions)
        self.thread.refused.subtract(change.partitions)
        self.thread.paused.subtract(change.partitions)
        for partition in change.partitions { self.thread.committed[partition] = nil }
        if self.isIncremental {
            let list = KafkaPartitionList(change.partitions)
            if let error = rd_kafka_incremental_unassign(self.handle, list.pointer) { rd_kafka_error_destroy(error) }
        } else {
            rd_kafka_assign(self.handle, nil)
        }
        if let closing = self.thread.closing {
            self.thread.closing?.deadline = max(closing.deadline, .now + self.configuration.closeTimeout)
        }
    }

    private func assign(_ offsets: [(KafkaPartition, Int64)]) {
        let list = KafkaPartitionList(offsets: Dictionary(uniqueKeysWithValues: offsets))
        if self.isIncremental {
            if let error = rd_kafka_incremental_assign(self.handle, list.pointer) { rd_kafka_error_destroy(error) }
        } else {
            rd_kafka_assign(self.handle, list.pointer)
        }
    }

    /// Has the records of partitions come on the data queue, from before they are fetched.
    func forward(_ partitions: some Sequence<KafkaPartition>) {
        for partition in partitions {
            guard let queue = rd_kafka_queue_get_partition(self.handle, partition.topic, partition.partition) else { continue }
            rd_kafka_queue_forward(queue, self.data)
            rd_kafka_queue_destroy(queue)
        }
    }
}
