import ApusCore
import CRdKafka
import DequeModule
import NIOCore
import Synchronization

/// The part of ``KafkaConsumer`` that its thread and its callers share. Everything marked *thread* is used on the owned thread alone.
final class KafkaConsumerCore: @unchecked Sendable {
    // @unchecked: `handle`, `queue` are librdkafka's thread-safe handles; the members below `thread state` are confined to the owned
    // thread; all else is in `shared`.
    typealias Command = (KafkaConsumerCore) -> Void

    private struct Shared {
        var reader: (call: UInt64, continuation: CheckedContinuation<[KafkaRecord]?, any Error>)?
        var calls: UInt64 = 0
        /// A call that was cancelled before it came to wait.
        var cancelledCall: UInt64?
        var commands: Deque<Command> = []
        var isClosing = false
        /// The thread polls no more.
        var isLeaving = false
        var isClosed = false
        var failure: KafkaError?
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    /// `RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE`, which is not imported.
    private static let withoutClosing: Int32 = 0x8

    private let subscription: KafkaConsumer.Subscription
    private let maximumRecords: Int
    private let maximumBytes: Int
    private let handle: OpaquePointer
    private let queue: OpaquePointer
    private let shared = Mutex(Shared())
    /// Ends a wait outside librdkafka.
    private let gate = KafkaGate()

    // thread state
    private var owned: Set<KafkaPartition> = []
    private var paused: Set<KafkaPartition> = []
    private var committed: [KafkaPartition: Int64] = [:]
    private var gathered: [KafkaRecord] = []
    private var gatheredBytes = 0
    /// A record that did not fit into the batch any more.
    private var carried: KafkaRecord?
    /// Records of paused partitions, fetched before the pause.
    private var parked: [KafkaRecord] = []
    private var isStalled = false

    init(_ configuration: KafkaConfiguration, _ subscription: KafkaConsumer.Subscription, maximumRecords: Int, maximumBytes: Int) throws {
        self.subscription = subscription
        self.maximumRecords = max(maximumRecords, 1)
        self.maximumBytes = maximumBytes
        let group =
            switch subscription {
            case .group(let name, _, _): name
            case .partitions: "\(configuration.clientID)-reader"
            }
        let conf = try KafkaConfiguration.make(configuration.consumer(group: group))
        let context = KafkaConsumerContext()
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(context).toOpaque())
        if case .group = subscription {
            rd_kafka_conf_set_rebalance_cb(conf) { _, code, partitions, opaque in
                guard let opaque, let partitions else { return }
                Unmanaged<KafkaConsumerContext>.fromOpaque(opaque).takeUnretainedValue().core?.rebalance(code, partitions)
            }
        }
        var reason = [CChar](repeating: 0, count: 512)
        guard let handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, &reason, reason.count) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(configuration: "the Kafka consumer could not be made: its properties do not fit together")
        }
        rd_kafka_poll_set_consumer(handle)
        guard let queue = rd_kafka_queue_get_consumer(handle) else {
            rd_kafka_destroy(handle)
            throw KafkaError(configuration: "the Kafka consumer has no queue")
        }
        self.handle = handle
        self.queue = queue
        self.context = context
        context.core = self
    }

    /// What the callback's pointer leads to; outlives the handle because the thread holds this object until after it is destroyed.
    private let context: KafkaConsumerContext

    func start() throws {
        do {
            switch self.subscription {
            case .group(_, let topics, _):
                let list = KafkaPartitionList(topics.map { KafkaPartition(topic: $0, partition: -1) })
                let code = rd_kafka_subscribe(self.handle, list.pointer)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "subscribe") }
            case .partitions(let offsets):
                let list = KafkaPartitionList(offsets: offsets)
                let code = rd_kafka_assign(self.handle, list.pointer)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "assign partitions") }
            }
            guard OwnedThread.start({ [self] in self.run() }) else {
                throw KafkaError(configuration: "the system gives no thread for a Kafka consumer")
            }
        } catch {
            // No thread will.
            rd_kafka_queue_destroy(self.queue)
            rd_kafka_destroy_flags(self.handle, Self.withoutClosing)
            throw error
        }
    }

    // MARK: - Callers

    /// A number for one call of ``nextBatch(call:)``, by which it can be cancelled.
    func beginCall() -> UInt64 {
        self.shared.withLock { shared in
            shared.calls += 1
            shared.cancelledCall = nil
            return shared.calls
        }
    }

    func nextBatch(call: UInt64) async throws -> [KafkaRecord]? {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<[KafkaRecord]?, any Error>? = self.shared.withLock { shared in
                if shared.cancelledCall == call { return .success(nil) }
                if let failure = shared.failure {
                    shared.failure = nil
                    return .failure(failure)
                }
                if shared.isClosing { return .success(nil) }
                precondition(shared.reader == nil, "one task reads a consumer")
                shared.reader = (call, continuation)
                return nil
            }
            self.wake()
            if let result { continuation.resume(with: result) }
        }
    }

    func cancel(call: UInt64) {
        let reader: CheckedContinuation<[KafkaRecord]?, any Error>? = self.shared.withLock { shared in
            guard let reader = shared.reader, reader.call == call else {
                if shared.calls == call { shared.cancelledCall = call }
                return nil
            }
            shared.reader = nil
            return reader.continuation
        }
        reader?.resume(returning: nil)
    }

    var isClosed: Bool { self.shared.withLock { $0.isClosed } }

    /// Runs `body` on the consumer's thread.
    func perform<Value: Sendable>(_ body: @escaping @Sendable (KafkaConsumerCore) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isAccepted = self.shared.withLock { shared in
                guard !shared.isClosed else { return false }
                shared.commands.append { core in continuation.resume(with: Result { try body(core) }) }
                return true
            }
            if isAccepted { self.wake() } else { continuation.resume(throwing: KafkaError.closed) }
        }
    }

    func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let (isDone, reader) = self.shared.withLock { shared in
                shared.isClosing = true
                if !shared.isClosed { shared.closers.append(continuation) }
                defer { shared.reader = nil }
                return (shared.isClosed, shared.reader)
            }
            reader?.continuation.resume(returning: nil)
            if isDone { continuation.resume() } else { self.wake() }
        }
    }

    /// Ends whatever the thread waits for.
    ///
    /// Under the lock, for once the thread leaves the group the queue must be left alone: closing waits on a queue that this one is
    /// forwarded to, and a yield would end that wait before the group is left; after it the queue is gone.
    private func wake() {
        self.shared.withLock { shared in
            if !shared.isLeaving { rd_kafka_queue_yield(self.queue) }
        }
        self.gate.open()
    }

    // MARK: - Thread

    func commit(_ offsets: [KafkaPartition: Int64]) throws {
        let ahead = offsets.filter { partition, offset in offset > self.committed[partition] ?? -1 }
        guard ahead.keys.allSatisfy({ self.owned.contains($0) }), offsets.keys.allSatisfy({ self.owned.contains($0) }) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, doing: "commit")
        }
        guard !ahead.isEmpty else { return }
        let list = KafkaPartitionList(offsets: ahead)
        let code = rd_kafka_commit(self.handle, list.pointer, 0)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "commit") }
        self.committed.merge(ahead) { _, new in new }
    }

    func setPaused(_ partitions: [KafkaPartition], _ isPaused: Bool) {
        let mine = partitions.filter(self.owned.contains)
        if isPaused {
            self.paused.formUnion(mine)
            // What was fetched already waits here, for librdkafka goes on after it when fetching is resumed.
            self.parked += self.takeGathered(of: Set(mine))
        } else {
            self.paused.subtract(mine)
            let back = self.parked.filter { mine.contains(KafkaPartition(topic: $0.topic, partition: $0.partition)) }
            self.parked.removeAll { mine.contains(KafkaPartition(topic: $0.topic, partition: $0.partition)) }
            self.gathered = back + self.gathered
            self.gatheredBytes += back.reduce(0) { $0 + $1.byteCount }
        }
        self.setFetching(mine, !isPaused)
    }

    func seek(_ partition: KafkaPartition, to offset: Int64) throws {
        guard self.owned.contains(partition) else { throw KafkaError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, doing: "seek") }
        self.forget([partition])
        guard let topic = rd_kafka_topic_new(self.handle, partition.topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), doing: "seek")
        }
        defer { rd_kafka_topic_destroy(topic) }
        let code = rd_kafka_seek(topic, partition.partition, offset, 5000)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "seek") }
    }

    private func run() {
        while !self.shared.withLock({ $0.isClosing }) {
            self.serveCommands()
            self.hand()
            if self.isFull {
                self.waitForReader()
                continue
            }
            // With something gathered and nobody waiting there is no hurry; with somebody waiting `hand` has just given it.
            self.pollOnce(timeout: 1000)
        }
        self.shared.withLock { $0.isLeaving = true }
        rd_kafka_consumer_close(self.handle)
        self.serveCommands()
        let (closers, commands) = self.shared.withLock { shared in
            shared.isClosed = true
            defer {
                shared.closers = []
                shared.commands = []
            }
            return (shared.closers, shared.commands)
        }
        for command in commands { command(self) }
        rd_kafka_queue_destroy(self.queue)
        // Closed above; destroying would close once more, and wait for answers that nobody serves any longer.
        rd_kafka_destroy_flags(self.handle, Self.withoutClosing)
        self.context.core = nil
        for closer in closers { closer.resume() }
    }

    /// One wait in librdkafka, then whatever else is there without waiting.
    private func pollOnce(timeout: Int32) {
        var wait = timeout
        while !self.isFull, let message = rd_kafka_consumer_poll(self.handle, wait) {
            self.take(message)
            rd_kafka_message_destroy(message)
            wait = 0
        }
    }

    private var isFull: Bool {
        self.carried != nil || self.gathered.count >= self.maximumRecords || self.gatheredBytes >= self.maximumBytes
    }

    private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let code = message.pointee.err
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            // Transient troubles are librdkafka's to mend; the ones that need somebody are told once.
            guard code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART else { return }
            let error = KafkaError(code, doing: "consume", isFatal: code == RD_KAFKA_RESP_ERR__FATAL)
            let reader = self.shared.withLock { shared in
                defer { shared.reader = nil }
                if shared.reader == nil { shared.failure = error }
                return shared.reader
            }
            reader?.continuation.resume(throwing: error)
            return
        }
        guard let topic = message.pointee.rkt, let name = rd_kafka_topic_name(topic) else { return }
        let record = KafkaRecord(
            topic: String(cString: name), partition: message.pointee.partition, offset: message.pointee.offset,
            timestamp: rd_kafka_message_timestamp(message, nil),
            key: Array(UnsafeRawBufferPointer(start: message.pointee.key, count: message.pointee.key_len)),
            value: ByteBuffer(bytes: UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len))
        )
        guard self.gathered.isEmpty || self.gatheredBytes + record.byteCount <= self.maximumBytes else {
            self.carried = record
            return
        }
        self.gathered.append(record)
        self.gatheredBytes += record.byteCount
    }

    /// Gives what is gathered to the reader that waits, if there are both.
    private func hand() {
        guard !self.gathered.isEmpty else { return }
        let reader = self.shared.withLock { shared in
            defer { shared.reader = nil }
            return shared.reader
        }
        guard let reader else { return }
        let batch = self.gathered
        self.gathered = self.carried.map { [$0] } ?? []
        self.gatheredBytes = self.carried?.byteCount ?? 0
        self.carried = nil
        reader.continuation.resume(returning: batch)
    }

    /// A full batch and no reader: wait for one, and keep the group informed when it takes long.
    private func waitForReader() {
        let start = ContinuousClock.now
        self.gate.drain()
        while !self.shared.withLock({ $0.isClosing || $0.reader != nil || !$0.commands.isEmpty }) {
            if !self.isStalled, ContinuousClock.now - start > KafkaConsumer.stallLimit {
                self.isStalled = true
                self.setFetching(Array(self.owned), false)
            }
            if self.isStalled {
                // Paused, so what comes here are rebalances and errors; a straggler is gathered beyond the bound, once.
                guard let message = rd_kafka_consumer_poll(self.handle, 200) else { continue }
                if let carried = self.carried {
                    self.gathered.append(carried)
                    self.gatheredBytes += carried.byteCount
                    self.carried = nil
                }
                self.take(message)
                rd_kafka_message_destroy(message)
            } else {
                _ = self.gate.wait(milliseconds: 200)
            }
        }
        if self.isStalled {
            self.isStalled = false
            self.setFetching(Array(self.owned.subtracting(self.paused)), true)
        }
    }

    private func serveCommands() {
        while let command = self.shared.withLock({ $0.commands.popFirst() }) { command(self) }
    }

    fileprivate func rebalance(_ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        guard case .group(_, _, let handler) = self.subscription else { return }
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            // Where the group has no offset, reading starts at the oldest record: the listener is told that offset.
            rd_kafka_committed(self.handle, partitions, 10_000)
            var offsets = KafkaPartitionList.read(partitions)
            for (partition, offset) in offsets where offset < 0 {
                var low: Int64 = 0
                var high: Int64 = 0
                rd_kafka_query_watermark_offsets(self.handle, partition.topic, partition.partition, &low, &high, 5000)
                offsets[partition] = low
            }
            self.owned.formUnion(offsets.keys)
            self.committed.merge(offsets) { _, new in new }
            rd_kafka_assign(self.handle, partitions)
            self.tell(handler, .assigned(offsets))
        } else {
            let going = Set(KafkaPartitionList.read(partitions).keys)
            self.forget(going)
            self.tell(handler, .revoking(Array(going)))
            // librdkafka remembers a pause over the loss of a partition; whoever gets it back expects to read.
            self.setFetching(Array(going), true)
            self.owned.subtract(going)
            self.paused.subtract(going)
            for partition in going { self.committed[partition] = nil }
            rd_kafka_assign(self.handle, nil)
        }
    }

    /// Runs the handler and waits for it, carrying out the commits that it makes meanwhile.
    private func tell(_ handler: @escaping @Sendable (KafkaRebalance) async -> Void, _ rebalance: KafkaRebalance) {
        let gate = KafkaGate()
        // The handler is asynchronous and this thread is ours to block: the task ends with the handler.
        Task {
            await handler(rebalance)
            gate.open()
        }
        while !gate.wait(milliseconds: 5) { self.serveCommands() }
        self.serveCommands()
    }

    /// Forgets records of partitions that were fetched and not handed out.
    private func forget(_ partitions: Set<KafkaPartition>) {
        _ = self.takeGathered(of: partitions)
        self.parked.removeAll { partitions.contains(KafkaPartition(topic: $0.topic, partition: $0.partition)) }
    }

    /// Removes the records of partitions from what is gathered.
    private func takeGathered(of partitions: Set<KafkaPartition>) -> [KafkaRecord] {
        if let carried = self.carried {
            // Behind what is gathered, so in order when it joins it.
            self.gathered.append(carried)
            self.gatheredBytes += carried.byteCount
            self.carried = nil
        }
        let taken = self.gathered.filter { partitions.contains(KafkaPartition(topic: $0.topic, partition: $0.partition)) }
        guard !taken.isEmpty else { return [] }
        self.gathered.removeAll { partitions.contains(KafkaPartition(topic: $0.topic, partition: $0.partition)) }
        self.gatheredBytes -= taken.reduce(0) { $0 + $1.byteCount }
        return taken
    }

    private func setFetching(_ partitions: [KafkaPartition], _ isFetching: Bool) {
        guard !partitions.isEmpty else { return }
        let list = KafkaPartitionList(partitions)
        _ = isFetching ? rd_kafka_resume_partitions(self.handle, list.pointer) : rd_kafka_pause_partitions(self.handle, list.pointer)
    }
}

/// What librdkafka's opaque pointer leads to: set before the handle can call back, cleared after it is gone.
final class KafkaConsumerContext: @unchecked Sendable {
    // @unchecked: written before the thread starts and on that thread, read on that thread.
    unowned(unsafe) var core: KafkaConsumerCore?
}
