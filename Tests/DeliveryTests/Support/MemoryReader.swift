import Backends
import Synchronization

/// Reads what a ``MemoryBus`` held when it was asked, in one batch.
final class MemoryReader: BusReader {
    private let batch: Mutex<[BusRecord]>

    init(_ records: [BusRecord]) {
        self.batch = Mutex(records)
    }

    func nextBatch() async throws -> [BusRecord]? {
        self.batch.withLock { batch in
            defer { batch = [] }
            return batch.isEmpty ? nil : batch
        }
    }

    func close() async {}
}
