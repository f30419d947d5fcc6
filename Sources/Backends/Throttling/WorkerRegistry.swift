package import ApusCore

/// Who is alive, and what each worker says of its queues.
package protocol WorkerRegistry: Sendable {
    /// Says that a worker is alive, with its newest summary (an encoded `QueueSummary`, at most 1 MB). A worker that has not said so
    /// for ten seconds counts as gone, and its claims with it.
    func heartbeat(_ worker: WorkerID, summary: [UInt8]) async throws

    /// Takes a worker out at once, at a graceful stop.
    func leave(_ worker: WorkerID) async throws

    /// The summaries of the workers that are alive.
    func summaries() async throws -> [WorkerID: [UInt8]]
}
