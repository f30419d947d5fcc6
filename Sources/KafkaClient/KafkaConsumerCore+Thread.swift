import ApusCore
import CRdKafka
import DequeModule
import Synchronization

extension KafkaConsumerCore {
    /// What the owned thread alone touches.
    struct ThreadState {
        /// Partitions that are read, and may be committed.
        var owned: Set<KafkaPartition> = []
        var paused: Set<KafkaPartition> = []
        /// Partitions whose handler was told of them.
        var told: Set<KafkaPartition> = []
        /// Partitions that are this member's and cannot be read, for the group's offset is lost.
        var refused: Set<KafkaPartition> = []
        /// Partitions that are being given up: their records are not wanted any more.
        var going: Set<KafkaPartition> = []

        /// Fetched records, in order within each partition.
        var gathered: Deque<FetchedMessage> = []
        var gatheredBytes = 0
        /// Records of paused partitions, fetched before the pause.
        var parked: [FetchedMessage] = []
        /// Room for one draw from the library.
        var buffer: [UnsafeMutablePointer<rd_kafka_message_t>?] = []
        var topicNames: [OpaquePointer: String] = [:]

        /// Changes of the group that are not begun, and the one that is.
        var changes: Deque<GroupChange> = []
        var change: GroupChange?
        var changeCount: UInt64 = 0

        var committed: [KafkaPartition: Int64] = [:]
        var commits = CommitRounds()

        /// Set while the group is being left.
        var closing: (queue: OpaquePointer?, deadline: ContinuousClock.Instant)?
    }

    /// The longest wait of the thread, in milliseconds; the library wants to see a member now and then.
    private static let longestWait = 1000
    /// `RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE`, which is not imported.
    private static let withoutClosing: Int32 = 0x8

    func run() {
        while true {
            let (isClosing, isAbandoned) = self.shared.withLock { ($0.isClosing, $0.isAbandoned) }
            if isAbandoned { break }
            self.gate.drain()
            self.serveControl()
            self.serveCommands()
            self.serveChange()
            self.serveCommits()
            if isClosing {
                if self.thread.closing == nil { self.beginClosing() }
                if self.isFinished { break }
                _ = self.gate.wait(milliseconds: self.wait)
            } else {
                let isIdle = self.gather() == 0
                let hasHanded = self.hand()
                if isIdle, !hasHanded { _ = self.gate.wait(milliseconds: self.wait) }
            }
        }
        self.end()
    }

    /// How long nothing can happen without a signal.
    private var wait: Int {
        // The time to close counts only when no handler is waited for.
        let change = self.thread.change.map { $0.deadline } ?? self.thread.closing?.deadline
        let deadlines = [change, self.thread.commits.deadline].compactMap { $0 }
        guard let next = deadlines.min() else { return Self.longestWait }
        return Int(max(1, min((next - .now).milliseconds, Int64(Self.longestWait))))
    }

    private func serveCommands() {
        while let command = self.shared.withLock({ $0.commands.popFirst() }) { command(self) }
    }

    private func serveControl() {
        // While leaving, what would come on the control queue comes on that of the closing.
        while let event = rd_kafka_queue_poll(self.thread.closing?.queue ?? self.control, 0) {
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_REBALANCE: self.take(rebalance: event)
            case RD_KAFKA_EVENT_OFFSET_COMMIT: self.take(commit: event)
            case RD_KAFKA_EVENT_STATS:
                if let text = rd_kafka_event_stats(event), let statistics = KafkaStatistics(json: text) {
                    self.shared.withLock { $0.statistics = statistics }
                }
            case RD_KAFKA_EVENT_ERROR: self.take(error: event)
            case RD_KAFKA_EVENT_FETCH:
                // Records come on the data queue; one that came before its partition was led there is as good.
                if let message = rd_kafka_event_message_next(event) {
                    self.take(UnsafeMutablePointer(mutating: message), in: event)
                    continue
                }
            default: break
            }
            rd_kafka_event_destroy(event)
        }
    }

    /// An error of the client as a whole, or of a partition.
    private func take(error event: OpaquePointer) {
        var partition: KafkaPartition?
        if let place = rd_kafka_event_topic_partition(event) {
            partition = KafkaPartition(topic: String(cString: place.pointee.topic), partition: place.pointee.partition)
            rd_kafka_topic_partition_destroy(place)
        }
        self.take(error: rd_kafka_event_error(event), of: partition, reason: rd_kafka_event_error_string(event).map { String(cString: $0) })
    }

    /// Tells the reader what it must know. Transient troubles are the library's to mend.
    func take(error code: rd_kafka_resp_err_t, of partition: KafkaPartition?, reason: String? = nil) {
        let place = partition.map { " \($0.topic)/\($0.partition)" } ?? ""
        let said = reason.map { ": \($0)" } ?? ""
        var error = KafkaError(code, doing: "consume\(place)\(said)", isFatal: code == RD_KAFKA_RESP_ERR__FATAL)
        if error.isOffsetLost {
            guard let partition, self.thread.owned.contains(partition) || self.thread.refused.contains(partition) else { return }
            error = KafkaError(
                code,
                message: "the group has no offset in\(place) that its log holds: the partition is not read. Find out who deleted offsets or "
                    + "records, then set the group's offset (kafka-consumer-groups.sh --reset-offsets) and restart")
            self.thread.owned.remove(partition)
            self.thread.refused.insert(partition)
        }
        let isRefusal =
            error.isFatal
            || [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED].contains(code)
        let isForReader = isRefusal || error.isOffsetLost || error.isUnknownTopic
        let (reader, joiners) = self.shared.withLock { shared in
            shared.lastError = error
            var joiners: [CheckedContinuation<Bool, any Error>] = []
            if isRefusal, !shared.hasJoined {
                shared.refusal = error
                joiners = shared.joiners.map(\.continuation)
                shared.joiners = []
            }
            guard isForReader else { return (CheckedContinuation<[KafkaRecord]?, any Error>?.none, joiners) }
            if error.isFatal { shared.fatal = error }
            guard let reader = shared.reader else {
                if !error.isFatal, !shared.failures.contains(error) { shared.failures.append(error) }
                return (nil, joiners)
            }
            shared.reader = nil
            return (reader.continuation, joiners)
        }
        for joiner in joiners { joiner.resume(throwing: error) }
        reader?.resume(throwing: error)
    }

    // MARK: - The end

    private func beginClosing() {
        self.forgetAll()
        let deadline = ContinuousClock.now + self.configuration.closeTimeout
        if let change = self.thread.change, let limit = change.deadline, self.shared.withLock({ $0.change != nil }) {
            // Nobody has taken it up, and perhaps nobody will.
            self.thread.change?.deadline = min(limit, deadline)
        }
        guard case .group = self.subscription, let queue = rd_kafka_queue_new(self.handle) else {
            self.thread.closing = (nil, deadline)
            return
        }
        self.signal(from: queue)
        self.thread.closing = (queue, deadline)
        if let error = rd_kafka_consumer_close_queue(self.handle, queue) {
            // A fatal error has closed it already.
            rd_kafka_error_destroy(error)
            self.thread.closing?.deadline = .now
        }
    }

    private var isFinished: Bool {
        guard let closing = self.thread.closing else { return false }
        guard closing.queue != nil else { return true }
        // Whoever lets go of partitions has the drain time; after that the group has the closing time.
        if self.thread.change != nil { return false }
        return rd_kafka_consumer_closed(self.handle) == 1 || ContinuousClock.now >= closing.deadline
    }

    private func end() {
        self.forgetAll()
        let (closers, commands, server) = self.shared.withLock { shared in
            shared.isClosed = true
            let ended = (shared.closers, shared.commands, shared.rebalanceServer)
            shared.closers = []
            shared.commands = []
            shared.rebalanceServer = nil
            shared.change = nil
            return ended
        }
        self.thread.owned = []
        for command in commands { command(self) }
        self.failCommits(with: .closed)
        if let queue = self.thread.closing?.queue { rd_kafka_queue_destroy(queue) }
        self.destroyHandles()
        server?.resume(returning: nil)
        for closer in closers { closer.resume() }
    }

    func destroyHandles() {
        rd_kafka_queue_destroy(self.data)
        rd_kafka_queue_destroy(self.control)
        // Closed before, or not to be: destroying would close once more, and wait for answers that nobody serves any longer.
        rd_kafka_destroy_flags(self.handle, Self.withoutClosing)
    }
}
