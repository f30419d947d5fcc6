import ApusCore
import CRdKafka
import DequeModule
import NIOCore
import Synchronization

/// An idempotent producer whose acknowledgements can be awaited.
///
/// One owned thread blocks in librdkafka's event queue and hands reports to their calls. Back-pressure is an `await` on permits below
/// librdkafka's own queue limits, so "queue full" never reaches the caller.
package final class KafkaProducer: Sendable {
    /// Records handed over and not reported yet, in all calls together.
    static let maximumOutstanding = 50_000
    /// Their payload bytes.
    private static let maximumOutstandingBytes = 256 << 20
    /// rd_kafka's constants of casts and shifts, which are not imported.
    private static let copyPayload: Int32 = 0x2
    private static let unassigned: Int32 = -1

    private struct State {
        var outstanding = 0
        var outstandingBytes = 0
        var waiters: Deque<(bytes: Int, continuation: CheckedContinuation<Void, any Error>)> = []
        var topics: [String: OpaquePointer] = [:]
        var isClosing = false
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
        var fatal: KafkaError?
    }

    private struct Handle: @unchecked Sendable {
        // librdkafka's handles may be used from any thread; they are destroyed by the polling thread alone, when nobody uses them.
        let client: OpaquePointer
        let queue: OpaquePointer
    }

    private let handle: Handle
    private let state: Mutex<State>

    /// Starts a producer; brokers are connected to in the background.
    ///
    /// - Throws: ``KafkaError`` when the configuration does not fit.
    package init(_ configuration: KafkaConfiguration) throws {
        let conf = try KafkaConfiguration.make(configuration.producer)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
        var reason = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &reason, reason.count), let queue = rd_kafka_queue_get_main(client) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(
                configuration:
                    "the Kafka producer could not be made: \(String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))"
            )
        }
        self.handle = Handle(client: client, queue: queue)
        self.state = Mutex(State())
        guard OwnedThread.start({ [self] in self.poll() }) else {
            rd_kafka_queue_destroy(queue)
            rd_kafka_destroy(client)
            throw KafkaError(configuration: "the system gives no thread for a Kafka producer")
        }
    }

    /// Produces records and waits until all are acknowledged.
    ///
    /// - Returns: their positions, in order.
    /// - Throws: the first ``KafkaError`` among them; the others may be written.
    package func produce(_ messages: [KafkaMessage]) async throws -> [KafkaPosition] {
        guard !messages.isEmpty else { return [] }
        let batch = ProduceBatch(count: messages.count)
        for (index, message) in messages.enumerated() {
            let bytes = message.value.readableBytes + message.key.count
            do {
                try await self.acquire(bytes)
            } catch let error as KafkaError {
                for rest in index..<messages.count { batch.report(rest, .failure(error)) }
                break
            }
            let slot = Unmanaged.passRetained(ProduceBatch.Slot(batch: batch, index: index, bytes: bytes))
            if let error = self.enqueue(message, slot: slot) {
                slot.release()
                self.release(bytes)
                batch.report(index, .failure(error))
            }
        }
        return try await batch.wait()
    }

    /// Waits for what is under way, up to the produce timeout, and ends the thread. Idempotent.
    package func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let done = self.state.withLock { state in
                state.isClosing = true
                guard !state.isClosed else { return true }
                state.closers.append(continuation)
                // Under the lock: the thread gives the queue back once it has said that it is closed.
                rd_kafka_queue_yield(self.handle.queue)
                return false
            }
            if done { continuation.resume() }
        }
    }

    private func enqueue(_ message: KafkaMessage, slot: Unmanaged<ProduceBatch.Slot>) -> KafkaError? {
        let topic: OpaquePointer
        switch self.topicHandle(message.topic) {
        case .success(let handle): topic = handle
        case .failure(let error): return error
        }
        let status = message.value.withUnsafeReadableBytes { value in
            message.key.withUnsafeBytes { key in
                rd_kafka_produce(
                    topic, message.partition ?? Self.unassigned, Self.copyPayload, UnsafeMutableRawPointer(mutating: value.baseAddress),
                    value.count, key.isEmpty ? nil : key.baseAddress, key.count, slot.toOpaque()
                )
            }
        }
        return status == 0 ? nil : KafkaError(rd_kafka_last_error(), doing: "produce")
    }

    private func topicHandle(_ name: String) -> Result<OpaquePointer, KafkaError> {
        self.state.withLock { state in
            if state.isClosing { return .failure(.closed) }
            if let known = state.topics[name] { return .success(known) }
            guard let made = rd_kafka_topic_new(self.handle.client, name, nil) else {
                return .failure(KafkaError(rd_kafka_last_error(), doing: "name the topic \(name)"))
            }
            state.topics[name] = made
            return .success(made)
        }
    }

    private func acquire(_ bytes: Int) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result: Result<Void, any Error>? = self.state.withLock { state in
                if let fatal = state.fatal { return .failure(fatal) }
                if state.isClosing { return .failure(KafkaError.closed) }
                guard state.waiters.isEmpty, Self.fits(bytes, state) else {
                    state.waiters.append((bytes, continuation))
                    return nil
                }
                state.outstanding += 1
                state.outstandingBytes += bytes
                return .success(())
            }
            if let result { continuation.resume(with: result) }
        }
    }

    private func release(_ bytes: Int) {
        var admitted: [CheckedContinuation<Void, any Error>] = []
        self.state.withLock { state in
            state.outstanding -= 1
            state.outstandingBytes -= bytes
            while let next = state.waiters.first, Self.fits(next.bytes, state) {
                state.waiters.removeFirst()
                state.outstanding += 1
                state.outstandingBytes += next.bytes
                admitted.append(next.continuation)
            }
        }
        for continuation in admitted { continuation.resume() }
    }

    private static func fits(_ bytes: Int, _ state: State) -> Bool {
        state.outstanding == 0
            || (state.outstanding < Self.maximumOutstanding && state.outstandingBytes + bytes <= Self.maximumOutstandingBytes)
    }

    private func poll() {
        while true {
            if let event = rd_kafka_queue_poll(self.handle.queue, 1000) {
                self.handle(event)
                rd_kafka_event_destroy(event)
            }
            // Reports keep coming while closing: flushing without serving them would wait for ever.
            let isFinished = self.state.withLock { $0.isClosing && $0.outstanding == 0 }
            if isFinished { break }
        }
        let (topics, closers, waiters) = self.state.withLock { state in
            state.isClosed = true
            defer {
                state.topics = [:]
                state.closers = []
                state.waiters = []
            }
            return (Array(state.topics.values), state.closers, state.waiters)
        }
        topics.forEach { rd_kafka_topic_destroy($0) }
        rd_kafka_queue_destroy(self.handle.queue)
        rd_kafka_destroy(self.handle.client)
        for waiter in waiters { waiter.continuation.resume(throwing: KafkaError.closed) }
        for closer in closers { closer.resume() }
    }

    private func handle(_ event: OpaquePointer) {
        if rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR {
            let code = rd_kafka_event_error(event)
            guard code == RD_KAFKA_RESP_ERR__FATAL else { return }
            let waiters = self.state.withLock { state in
                state.fatal = KafkaError(code, doing: "produce", isFatal: true)
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.continuation.resume(throwing: KafkaError(code, doing: "produce", isFatal: true)) }
            return
        }
        while let message = rd_kafka_event_message_next(event) {
            guard let opaque = message.pointee._private else { continue }
            let slot = Unmanaged<ProduceBatch.Slot>.fromOpaque(opaque).takeRetainedValue()
            let code = message.pointee.err
            self.release(slot.bytes)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                slot.batch.report(slot.index, .success(KafkaPosition(partition: message.pointee.partition, offset: message.pointee.offset)))
            } else {
                slot.batch.report(slot.index, .failure(KafkaError(code, doing: "produce")))
            }
        }
    }
}
