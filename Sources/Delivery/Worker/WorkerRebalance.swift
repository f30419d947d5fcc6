internal import Backends
internal import Synchronization

/// Keeps the ledger in step with the partitions that a worker owns.
final class WorkerRebalance: BusRebalanceListener {
    private let state: WorkerState
    private let clock: any DeliveryClock
    private let deadline: Duration
    private let consumer = Mutex<(any BusConsumer)?>(nil)

    init(state: WorkerState, clock: any DeliveryClock, deadline: Duration) {
        self.state = state
        self.clock = clock
        self.deadline = deadline
    }

    func bind(_ consumer: any BusConsumer) {
        self.consumer.withLock { $0 = consumer }
    }

    func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {
        self.state.ledger { $0.assign(partitions.keys) }
    }

    /// Finishes and commits what can be finished in time; the rest goes on, and its markers tell the next owner.
    func partitionsRevoking(_ partitions: [TopicPartition]) async {
        let revoked = Set(partitions)
        self.state.ledger { $0.beginRevoke(revoked) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.state.drained(revoked) }
            group.addTask {
                try? await self.clock.sleep(for: self.deadline)
            }
            await group.next()
            group.cancelAll()
        }
        let commits = self.state.ledger { $0.takeCommits(of: revoked) }
        if !commits.isEmpty, let consumer = self.consumer.withLock({ $0 }) {
            // Not committed is read again; markers keep it from being sent again.
            try? await consumer.commit(commits)
        }
        self.state.ledger { $0.remove(revoked) }
    }
}
