import ApusCore
import CRdKafka
import DequeModule
import NIOCore
import Synchronization

/// An idempotent producer whose acknowledgements can be awaited.
///
/// One owned thread blocks in librdkafka's event queue and hands reports to their calls. Back-pressure is an `await` on permits below
/// librdkafka's own queue limits, so "queue full" never reaches the caller. A fatal error ends one client of the library, not the
/// producer: another is made, and what was not acknowledged is sent again in its order. So a record may be there twice; records carry
/// ids of their own.
package final class KafkaProducer: Sendable {
    struct State {
        /// nil while another is being made, and after the end.
        var link: ProducerLink?
        /// Records that have a permit.
        var outstanding = 0
        var outstandingBytes = 0
        /// Records whose report the library owes us.
        var reportsOwed = 0
        /// Records that have to be sent again, or came while there was no client.
        var unsent: [ProduceSlot] = []
        var sequence: UInt64 = 0
        var waiters: Deque<(bytes: Int, continuation: CheckedContinuation<Bool, Never>)> = []
        /// From when on what is not acknowledged is given up; set by closing.
        var closingDeadline: ContinuousClock.Instant?
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
        var rebuilds = 0
        var statistics: KafkaStatistics?
        var lastError: KafkaError?
    }

    let configuration: KafkaConfiguration
    let state: Mutex<State>
    /// Ends a wait of the thread outside librdkafka.
    let gate = KafkaGate()

    /// Starts a producer; brokers are connected to in the background.
    ///
    /// - Throws: ``KafkaError`` when the configuration does not fit.
    package init(_ configuration: KafkaConfiguration) throws {
        let problems = configuration.problems
        guard problems.isEmpty else { throw KafkaError(configuration: problems.joined(separator: "; ")) }
        self.configuration = configuration
        self.state = Mutex(State(link: try ProducerLink(configuration)))
        guard OwnedThread.start({ [self] in self.run() }) else {
            self.state.withLock { $0.link.take() }?.destroy()
            throw KafkaError(configuration: "the system gives no thread for a Kafka producer")
        }
    }

    /// Produces records and waits until all are acknowledged.
    ///
    /// - Returns: their positions, in order.
    /// - Throws: the first ``KafkaError`` among them; the others may be written.
    package func produce(_ messages: [KafkaMessage]) async throws -> [KafkaPosition] {
        guard !messages.isEmpty else { return [] }
        let batch = ProduceBatch(messages, deadline: .now + self.configuration.produceTimeout)
        var next = 0
        var hasPermit = false
        while next < messages.count {
            let refused = self.state.withLock { state in self.enqueue(batch, from: &next, hasPermit: hasPermit, &state) }
            for (index, error) in refused { batch.report(index, .failure(error)) }
            if next < messages.count { hasPermit = await self.waitForRoom(bytes: messages[next].byteCount) }
        }
        return try await batch.wait()
    }

    /// Refuses more, waits for what is under way up to `limit`, gives the rest up, and ends the thread. Idempotent.
    ///
    /// - Parameter limit: nil for the configuration's ``KafkaConfiguration/closeTimeout``.
    package func close(within limit: Duration? = nil) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let (isDone, waiters) = self.state.withLock { state in
                let deadline = ContinuousClock.now + (limit ?? self.configuration.closeTimeout)
                state.closingDeadline = state.closingDeadline.map { min($0, deadline) } ?? deadline
                let waiters = state.waiters
                state.waiters = []
                guard !state.isClosed else { return (true, waiters) }
                state.closers.append(continuation)
                // Under the lock: the thread gives the queue back once there is no link.
                if let queue = state.link?.queue { rd_kafka_queue_yield(queue) }
                return (false, waiters)
            }
            self.gate.open()
            for waiter in waiters { waiter.continuation.resume(returning: false) }
            if isDone { continuation.resume() }
        }
    }

    /// The newest statistics; nil before the first, and where they are turned off.
    package var statistics: KafkaStatistics? { self.state.withLock { $0.statistics } }

    /// Records that wait for their acknowledgement, and their bytes.
    package var outstanding: (records: Int, bytes: Int) { self.state.withLock { ($0.outstanding, $0.outstandingBytes) } }

    /// How often a fatal error has ended a client of the library.
    package var rebuilds: Int { self.state.withLock { $0.rebuilds } }

    /// The newest trouble with the brokers, for reports; it may be over.
    package var lastError: KafkaError? { self.state.withLock { $0.lastError } }

    /// Hands records over as long as there is room.
    ///
    /// - Parameters:
    ///   - next: the first record that is not handed over; moved on.
    ///   - hasPermit: whether it has a permit already.
    /// - Returns: those that cannot be written, and why.
    private func enqueue(_ batch: ProduceBatch, from next: inout Int, hasPermit: Bool, _ state: inout State) -> [(Int, KafkaError)] {
        var refused: [(Int, KafkaError)] = []
        var hasPermit = hasPermit
        while next < batch.messages.count {
            let bytes = batch.messages[next].byteCount
            if state.closingDeadline != nil {
                if hasPermit { self.give(back: bytes, &state) }
                refused += (next..<batch.messages.count).map { ($0, KafkaError.closed) }
                next = batch.messages.count
                return refused
            }
            if !hasPermit {
                guard state.waiters.isEmpty, self.fits(bytes, state) else { return refused }
                state.outstanding += 1
                state.outstandingBytes += bytes
            }
            hasPermit = false
            state.sequence += 1
            let slot = ProduceSlot(batch: batch, index: next, bytes: bytes, sequence: state.sequence)
            if let error = self.send(slot, &state) {
                self.give(back: bytes, &state)
                refused.append((next, error))
            }
            next += 1
        }
        return refused
    }

    /// Hands a record to the client there is, or keeps it for the next one.
    ///
    /// - Returns: why it can never be written; nil when it was taken.
    func send(_ slot: ProduceSlot, _ state: inout State) -> KafkaError? {
        guard state.unsent.isEmpty, let error = state.link?.send(slot) else {
            if state.unsent.isEmpty, state.link != nil { state.reportsOwed += 1 } else { state.unsent.append(slot) }
            return nil
        }
        // A full queue (somebody made it smaller than our permits) and a dead client are not the caller's to know.
        guard error.isFatal || error.code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue else { return error }
        state.unsent.append(slot)
        return nil
    }

    private func waitForRoom(bytes: Int) async -> Bool {
        await withCheckedContinuation { continuation in
            let now: Bool? = self.state.withLock { state in
                if state.closingDeadline != nil { return false }
                guard state.waiters.isEmpty, self.fits(bytes, state) else {
                    state.waiters.append((bytes, continuation))
                    return nil
                }
                state.outstanding += 1
                state.outstandingBytes += bytes
                return true
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    private func give(back bytes: Int, _ state: inout State) {
        state.outstanding -= 1
        state.outstandingBytes -= bytes
    }

    /// Ends permits, and gives them to those who wait, in their order.
    func release(records: Int, bytes: Int) {
        guard records > 0 else { return }
        let admitted = self.state.withLock { state in
            state.outstanding -= records
            state.outstandingBytes -= bytes
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while let next = state.waiters.first, self.fits(next.bytes, state) {
                state.waiters.removeFirst()
                state.outstanding += 1
                state.outstandingBytes += next.bytes
                admitted.append(next.continuation)
            }
            return admitted
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }

    private func fits(_ bytes: Int, _ state: State) -> Bool {
        state.outstanding == 0
            || (state.outstanding < self.configuration.maximumOutstandingRecords
                && state.outstandingBytes + bytes <= self.configuration.maximumOutstandingBytes)
    }
}
