internal import Backends

/// Pauses and resumes partitions as the ledger wants, one change after the other.
actor PartitionFlow {
    private let state: WorkerState
    private let consumers: WorkerConsumers
    private var isRunning = false
    private var isStale = false

    init(state: WorkerState, consumers: WorkerConsumers) {
        self.state = state
        self.consumers = consumers
    }

    func apply() async {
        if self.isRunning {
            self.isStale = true
            return
        }
        self.isRunning = true
        repeat {
            self.isStale = false
            let (pause, resume) = self.state.ledger { $0.flow() }
            for (topic, partitions) in Dictionary(grouping: pause, by: \.topic) { await self.consumers[topic]?.pause(partitions) }
            for (topic, partitions) in Dictionary(grouping: resume, by: \.topic) { await self.consumers[topic]?.resume(partitions) }
        } while self.isStale
        self.isRunning = false
    }
}
