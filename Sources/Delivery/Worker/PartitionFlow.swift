internal import Backends

/// Pauses and resumes partitions as the ledger wants, one change after the other.
actor PartitionFlow {
    private let state: WorkerState
    private var consumer: (any BusConsumer)?
    private var isRunning = false
    private var isStale = false

    init(state: WorkerState) {
        self.state = state
    }

    func bind(_ consumer: any BusConsumer) async {
        self.consumer = consumer
        await self.apply()
    }

    func apply() async {
        guard let consumer else { return }
        if self.isRunning {
            self.isStale = true
            return
        }
        self.isRunning = true
        repeat {
            self.isStale = false
            let (pause, resume) = self.state.ledger { $0.flow() }
            if !pause.isEmpty { await consumer.pause(pause) }
            if !resume.isEmpty { await consumer.resume(resume) }
        } while self.isStale
        self.isRunning = false
    }
}
