internal import ApusCore
internal import Backends
internal import Synchronization

/// The workers that are alive.
final class WorkerTable: Sendable {
    private struct Entry {
        var lastSeen: Int64
        var summary: [UInt8]
    }

    /// How long a worker counts as alive after it said so, in microseconds.
    static let lifetime: Int64 = 10_000_000
    private static let maximumSummaryBytes = 1 << 20
    private static let maximumWorkers = 1024

    private let now: @Sendable () -> Int64
    private let workers = Mutex([WorkerID: Entry]())

    init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    func heartbeat(_ worker: WorkerID, summary: [UInt8]) throws {
        guard summary.count <= Self.maximumSummaryBytes, (1...64).contains(worker.rawValue.utf8.count) else {
            throw ThrottlingError(.invalidArgument, "a worker's id has 1 to 64 bytes, and its summary at most 1 MB")
        }
        let now = self.now()
        let isFull = self.workers.withLock { workers in
            if workers[worker] == nil {
                workers = workers.filter { now - $0.value.lastSeen <= Self.lifetime }
                guard workers.count < Self.maximumWorkers else { return true }
            }
            workers[worker] = Entry(lastSeen: now, summary: summary)
            return false
        }
        if isFull { throw ThrottlingError(.unavailable, "there are more than \(Self.maximumWorkers) workers") }
    }

    func leave(_ worker: WorkerID) {
        self.workers.withLock { _ = $0.removeValue(forKey: worker) }
    }

    func isAlive(_ worker: WorkerID) -> Bool {
        let now = self.now()
        return self.workers.withLock { workers in workers[worker].map { now - $0.lastSeen <= Self.lifetime } ?? false }
    }

    func summaries() -> [WorkerID: [UInt8]] {
        let now = self.now()
        return self.workers.withLock { workers in
            workers.filter { now - $0.value.lastSeen <= Self.lifetime }.mapValues(\.summary)
        }
    }
}
