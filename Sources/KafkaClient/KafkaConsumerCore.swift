import ApusCore
import CRdKafka
import DequeModule
import Synchronization

/// The part of ``KafkaConsumer`` that its thread and its callers share.
///
/// What callers use is here; the extensions `+Thread`, `+Assignment`, `+Commits` and `+Records` run on the owned thread alone, but for
/// what they mark otherwise.
final class KafkaConsumerCore: @unchecked Sendable {
    // @unchecked: the handles may be used from any thread; `thread` is confined to the owned thread; all else is in `shared`.
    typealias Command = @Sendable (KafkaConsumerCore) -> Void

    struct Shared {
        var reader: (call: UInt64, continuation: CheckedContinuation<[KafkaRecord]?, any Error>)?
        var joiners: [(call: UInt64, continuation: CheckedContinuation<Bool, any Error>)] = []
        var calls: UInt64 = 0
        /// Calls that were cancelled before they came to wait.
        var cancelledCalls: Set<UInt64> = []
        var commands: Deque<Command> = []
        /// A change that waits for its handler, and the task that waits for one.
        var change: (number: UInt64, rebalance: KafkaRebalance)?
        var rebalanceServer: CheckedContinuation<(number: UInt64, rebalance: KafkaRebalance)?, Never>?
        var hasJoined = false
        /// Why the brokers will not have this member.
        var refusal: KafkaError?
        var isClosing = false
        var isAbandoned = false
        var isClosed = false
        /// What readers are to be told, each once.
        var failures: Deque<KafkaError> = []
        /// What has ended the consumer.
        var fatal: KafkaError?
        var closers: [CheckedContinuation<Void, Never>] = []
        var statistics: KafkaStatistics?
        var lastError: KafkaError?
    }

    let configuration: KafkaConfiguration
    let subscription: KafkaConsumer.Subscription
    let maximumRecords: Int
    let maximumBytes: Int
    let handle: OpaquePointer
    /// Rebalances, commits, errors, statistics.
    let control: OpaquePointer
    /// Records, from all partitions.
    let data: OpaquePointer
    let shared = Mutex(Shared())
    /// What the thread waits at. The library holds a pointer to it until its handle is destroyed.
    let gate = KafkaGate()

    /// Confined to the owned thread.
    var thread = ThreadState()

    init(_ configuration: KafkaConfiguration, _ subscription: KafkaConsumer.Subscription, maximumRecords: Int, maximumBytes: Int) throws {
        let problems = configuration.problems
        guard problems.isEmpty else { throw KafkaError(configuration: problems.joined(separator: "; ")) }
        self.configuration = configuration
        self.subscription = subscription
        self.maximumRecords = max(maximumRecords, 1)
        self.maximumBytes = maximumBytes
        let properties =
            switch subscription {
            case .group(let name, _, let keepsAll): configuration.consumerProperties(group: name, mayStartAnew: !keepsAll)
            case .partitions: configuration.questionProperties(group: "\(configuration.clientID)-reader")
            }
        let conf = try KafkaConfiguration.make(properties)
        rd_kafka_conf_set_events(
            conf,
            RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_OFFSET_COMMIT)
        self.handle = try KafkaConfiguration.client(RD_KAFKA_CONSUMER, conf)
        rd_kafka_poll_set_consumer(self.handle)
        guard let control = rd_kafka_queue_get_consumer(self.handle), let data = rd_kafka_queue_new(self.handle) else {
            rd_kafka_destroy(self.handle)
            throw KafkaError(configuration: "the Kafka consumer has no queue")
        }
        self.control = control
        self.data = data
        for queue in [control, data] { self.signal(from: queue) }
    }

    func start() throws {
        do {
            switch self.subscription {
            case .group(_, let topics, _):
                let list = KafkaPartitionList(topics.map { KafkaPartition(topic: $0, partition: -1) })
                let code = rd_kafka_subscribe(self.handle, list.pointer)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "subscribe") }
            case .partitions(let offsets):
                self.forward(offsets.keys)
                let list = KafkaPartitionList(offsets: offsets)
                let code = rd_kafka_assign(self.handle, list.pointer)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "assign partitions") }
                self.thread.owned = Set(offsets.keys)
            }
            guard OwnedThread.start({ [self] in self.run() }) else {
                throw KafkaError(configuration: "the system gives no thread for a Kafka consumer")
            }
        } catch {
            // No thread will.
            self.destroyHandles()
            throw error
        }
    }

    /// Has the thread woken when the queue is no longer empty. The library calls on one of its own threads, which may do no more.
    func signal(from queue: OpaquePointer) {
        // Unretained: the owned thread holds this object, and with it the gate, until after the handle is destroyed.
        rd_kafka_queue_cb_event_enable(
            queue,
            { _, opaque in
                guard let opaque else { return }
                Unmanaged<KafkaGate>.fromOpaque(opaque).takeUnretainedValue().open()
            }, Unmanaged.passUnretained(self.gate).toOpaque())
    }

    // MARK: - Callers

    /// A number for one call that can be cancelled.
    func beginCall() -> UInt64 {
        self.shared.withLock { shared in
            shared.calls += 1
            return shared.calls
        }
    }

    func nextBatch(call: UInt64) async throws -> [KafkaRecord]? {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<[KafkaRecord]?, any Error>? = self.shared.withLock { shared in
                if shared.cancelledCalls.remove(call) != nil { return .success(nil) }
                if shared.isClosing { return .success(nil) }
                if let fatal = shared.fatal { return .failure(fatal) }
                if let failure = shared.failures.popFirst() { return .failure(failure) }
                precondition(shared.reader == nil, "one task reads a consumer")
                shared.reader = (call, continuation)
                return nil
            }
            if let result { continuation.resume(with: result) } else { self.gate.open() }
        }
    }

    func waitUntilJoined(call: UInt64) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<Bool, any Error>? = self.shared.withLock { shared in
                if shared.cancelledCalls.remove(call) != nil || shared.isClosing { return .success(false) }
                if shared.hasJoined { return .success(true) }
                if let refusal = shared.refusal { return .failure(refusal) }
                shared.joiners.append((call, continuation))
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    func cancel(call: UInt64) {
        let (reader, joiner) = self.shared.withLock { shared in
            if let reader = shared.reader, reader.call == call {
                shared.reader = nil
                return (Optional(reader.continuation), CheckedContinuation<Bool, any Error>?.none)
            }
            if let index = shared.joiners.firstIndex(where: { $0.call == call }) {
                return (nil, shared.joiners.remove(at: index).continuation)
            }
            // Either before it came to wait, or after it had its answer: the second leaves a number behind, of which few are kept.
            shared.cancelledCalls.insert(call)
            if shared.cancelledCalls.count > 64, let oldest = shared.cancelledCalls.min() { shared.cancelledCalls.remove(oldest) }
            return (nil, nil)
        }
        reader?.resume(returning: nil)
        joiner?.resume(returning: false)
    }

    var isClosed: Bool { self.shared.withLock { $0.isClosed } }
    var statistics: KafkaStatistics? { self.shared.withLock { $0.statistics } }
    var lastError: KafkaError? { self.shared.withLock { $0.lastError } }

    /// Runs `body` on the consumer's thread.
    func perform<Value: Sendable>(_ body: @escaping @Sendable (KafkaConsumerCore) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.post { core in
                continuation.resume(with: Result { try body(core) })
            } orElse: {
                continuation.resume(throwing: KafkaError.closed)
            }
        }
    }

    func commit(_ offsets: [KafkaPartition: Int64]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            self.post { core in
                core.beginCommit(offsets, continuation)
            } orElse: {
                continuation.resume(throwing: KafkaError.closed)
            }
        }
    }

    private func post(_ command: @escaping Command, orElse refused: () -> Void) {
        let isAccepted = self.shared.withLock { shared in
            guard !shared.isClosed else { return false }
            shared.commands.append(command)
            return true
        }
        if isAccepted { self.gate.open() } else { refused() }
    }

    /// The next change for the handler, with its number; nil when there will be none.
    func nextRebalance() async -> (number: UInt64, rebalance: KafkaRebalance)? {
        await withCheckedContinuation { continuation in
            let (isThere, change) = self.shared.withLock { shared in
                if let change = shared.change {
                    shared.change = nil
                    return (true, Optional(change))
                }
                if shared.isClosed { return (true, nil) }
                precondition(shared.rebalanceServer == nil, "one task serves a consumer's rebalances")
                shared.rebalanceServer = continuation
                return (false, nil)
            }
            if isThere { continuation.resume(returning: change) }
        }
    }

    /// Says that the handler has returned from a change.
    func finishRebalance(_ number: UInt64) {
        self.post { core in
            core.handlerReturned(from: number)
        } orElse: {
        }
    }

    func close(abandoning: Bool) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let (isDone, reader, joiners) = self.shared.withLock { shared in
                shared.isClosing = true
                if abandoning { shared.isAbandoned = true }
                if !shared.isClosed { shared.closers.append(continuation) }
                let (reader, joiners) = (shared.reader, shared.joiners)
                shared.reader = nil
                shared.joiners = []
                return (shared.isClosed, reader, joiners)
            }
            reader?.continuation.resume(returning: nil)
            for joiner in joiners { joiner.continuation.resume(returning: false) }
            if isDone { continuation.resume() } else { self.gate.open() }
        }
    }
}
