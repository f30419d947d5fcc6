internal import Backends
internal import Synchronization

/// Reads what a ``RecordingBus`` had recorded when it was asked, in one batch.
final class RecordedReader: BusReader {
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
