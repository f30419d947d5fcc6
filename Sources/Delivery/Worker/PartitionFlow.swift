internal import Backends

/// Pauses and resumes partitions as the ledger wants, one change after the other.
actor PartitionFlow {
    private let state: WorkerState
    /// By topic.
    private var consumers: [String: any BusConsumer] = [:]
    private var isRunning = false
    private var isStale = false

    init(state: WorkerState) {
        self.state = state
    }

    func bind(_ consumers: [String: any BusConsumer]) async {
        self.consumers = consumers
        await self.apply()
    }

    func apply() async {
        guard !self.consumers.isEmpty else { return }
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
