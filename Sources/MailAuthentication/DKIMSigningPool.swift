import ApusCore
import Synchronization

/// Threads that sign, because an RSA signature would hold an event loop for a quarter of a millisecond.
///
/// ```swift
/// let pool = DKIMSigningPool()
/// try pool.start()
/// try pool.sign(message, by: [signer], at: now) { result in
///     eventLoop.execute { deliver(result) }
/// }
/// await pool.close()
/// ```
///
/// Work that waits is bounded in count and bytes; at the bound `sign` throws `.overloaded` at once and the caller holds
/// the message back. Order is kept per queue, not per result: several threads finish in any order.
package final class DKIMSigningPool: Sendable {
    /// Size of the pool and of its queue.
    package struct Configuration: Sendable, Hashable {
        /// How many threads sign; at least 1. More than there are cores gains nothing.
        package var threadCount: Int
        /// How many messages may wait.
        package var maximumWaiting = 4_096
        /// How many bytes of messages may wait.
        package var maximumWaitingBytes = 64 << 20

        package init(threadCount: Int = DKIMSigningPool.coreCount) {
            self.threadCount = threadCount
        }
    }

    /// Called once for each accepted message, on a thread of the pool: hop to where the result is wanted.
    package typealias Completion = @Sendable (Result<[UInt8], DKIMError>) -> Void

    private struct Job: Sendable {
        let message: [UInt8]
        let signers: [DKIMSigner]
        let time: Int64
        let completion: Completion
    }

    private struct Lifecycle {
        var isStarted = false
        var isClosed = false
        var runningThreads = 0
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: Configuration
    private let queue: WorkQueue<Job>
    private let lifecycle = Mutex(Lifecycle())

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        queue = WorkQueue(
            maximumCount: configuration.maximumWaiting, maximumCost: configuration.maximumWaitingBytes)
    }

    /// Starts the threads. A second call changes nothing. `close()` must follow.
    ///
    /// - Throws: `DKIMError` with `.closed` after `close()`, or `.overloaded` when the system gives no thread at all.
    package func start() throws(DKIMError) {
        let count = max(configuration.threadCount, 1)
        let mayStart = try lifecycle.withLock { (lifecycle) throws(DKIMError) in
            guard !lifecycle.isClosed else { throw DKIMError(.closed, "the signing pool is closed") }
            guard !lifecycle.isStarted else { return false }
            lifecycle.isStarted = true
            lifecycle.runningThreads = count
            return true
        }
        guard mayStart else { return }
        var started = 0
        for _ in 0..<count {
            if OwnedThread.start({ self.run() }) { started += 1 } else { threadEnded() }
        }
        guard started > 0 else { throw DKIMError(.overloaded, "no thread could be started to sign") }
    }

    /// Queues a message for signing and returns at once.
    ///
    /// - Parameters:
    ///   - message: finished, CRLF line ends.
    ///   - signers: their fields are made in this order.
    ///   - time: seconds since 1970, the `t=` tag.
    ///   - completion: gets the fields to be put before the message.
    /// - Throws: `DKIMError` with `.overloaded` or `.closed`; then `completion` is not called.
    package func sign(
        _ message: [UInt8], by signers: [DKIMSigner], at time: Int64, completion: @escaping Completion
    ) throws(DKIMError) {
        let job = Job(message: message, signers: signers, time: time, completion: completion)
        switch queue.append(job, cost: message.count) {
        case .accepted: return
        case .full: throw DKIMError(.overloaded, "too many messages wait to be signed")
        case .closed: throw DKIMError(.closed, "the signing pool is closed")
        }
    }

    /// Signs a message on a thread of the pool.
    ///
    /// - Returns: the fields to be put before the message.
    /// - Throws: `DKIMError`.
    package func sign(_ message: [UInt8], by signers: [DKIMSigner], at time: Int64) async throws(DKIMError) -> [UInt8] {
        let result: Result<[UInt8], DKIMError> = await withCheckedContinuation { continuation in
            do throws(DKIMError) {
                try sign(message, by: signers, at: time) { continuation.resume(returning: $0) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Takes no more messages, signs those that wait, and returns when the last thread has ended.
    ///
    /// What was queued in a pool that was never started completes with `.closed`.
    package func close() async {
        queue.close()
        await withCheckedContinuation { continuation in
            let isDone = lifecycle.withLock { lifecycle in
                lifecycle.isClosed = true
                if lifecycle.runningThreads > 0 { lifecycle.closeWaiters.append(continuation) }
                return lifecycle.runningThreads == 0
            }
            if isDone { continuation.resume() }
        }
        while let job = queue.next() {
            job.completion(.failure(DKIMError(.closed, "the signing pool is closed")))
        }
    }

    /// How many messages wait now.
    package var waitingCount: Int { queue.waitingCount }

    /// How many cores the system has online; at least 1.
    package static var coreCount: Int { OwnedThread.coreCount }

    private func run() {
        while let job = queue.next() {
            do {
                let fields = try DKIMSigner.signatureFields(for: job.message.span, by: job.signers, at: job.time)
                job.completion(.success(fields))
            } catch {
                job.completion(.failure(error))
            }
        }
        threadEnded()
    }

    private func threadEnded() {
        let waiters = lifecycle.withLock { lifecycle in
            lifecycle.runningThreads -= 1
            guard lifecycle.runningThreads == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { lifecycle.closeWaiters = [] }
            return lifecycle.closeWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
