internal import ApusCore
internal import ApusSchema
internal import Backends
internal import CoreMetrics
internal import Logging
internal import Metrics
internal import Synchronization

/// One topic of a mover: one task reads, one task for each partition waits and moves.
///
/// A partition is paused while a batch of it waits, so at most one batch of each is in memory.
final class MoverTopic: BusRebalanceListener {
    private struct Partitions {
        /// What feeds the task of a partition, and which ownership it is for.
        var feeds: [TopicPartition: (ownership: Int, feed: AsyncStream<[BusRecord]>.Continuation)] = [:]
        var ownerships = 0
    }

    private let decision: MoverDecision
    private let bus: any MessageBus
    private let configuration: MoverConfiguration
    private let ages: MoverAges
    private let clock: any DeliveryClock
    private let logger: Logger
    private let topic: String
    private let partitions = Mutex(Partitions())

    private let moved: Counter
    private let lateness: Timer
    private let failures: Counter

    init(
        decision: MoverDecision, bus: any MessageBus, configuration: MoverConfiguration, ages: MoverAges, clock: any DeliveryClock, logger: Logger
    ) {
        self.decision = decision
        self.bus = bus
        self.configuration = configuration
        self.ages = ages
        self.clock = clock
        self.topic = decision.family.topic(decision.tier)
        var logger = logger
        logger[metadataKey: "topic"] = "\(self.topic)"
        self.logger = logger
        let labels = [("family", decision.family.rawValue), ("tier", decision.tier.rawValue)]
        self.moved = Counter(label: "apus_mover_moved_total", dimensions: labels)
        self.lateness = Timer(label: "apus_mover_lateness_seconds", dimensions: labels)
        self.failures = Counter(label: "apus_mover_failures_total", dimensions: labels)
    }

    /// Runs until the task is cancelled.
    func run() async throws {
        let consumer = try await self.bus.subscribe(
            group: Topics.group(of: self.topic), topics: [self.topic], configuration: self.configuration.batches, rebalance: self)
        await withDiscardingTaskGroup { group in
            var pause = Duration.milliseconds(100)
            while !Task.isCancelled {
                do {
                    guard let batch = try await consumer.nextBatch() else { break }
                    pause = .milliseconds(100)
                    for (partition, records) in Dictionary(grouping: batch, by: \.position.topicPartition) {
                        await consumer.pause([partition])
                        if let (stream, ownership) = self.newStream(partition) {
                            group.addTask { await self.move(stream, of: partition, ownership, consumer) }
                        }
                        self.partitions.withLock { $0.feeds[partition]?.feed }?.yield(records)
                    }
                } catch {
                    self.failures.increment()
                    self.logger.error("the topic cannot be read", metadata: ["error": "\(error)"])
                    try? await self.clock.sleep(for: pause)
                    pause = min(pause * 2, .seconds(5))
                }
            }
            // Those that wait are not due: they are read again by whoever comes next.
            for entry in self.partitions.withLock({ Array($0.feeds.values) }) { entry.feed.finish() }
            group.cancelAll()
        }
        await consumer.close()
    }

    /// A stream for a partition that has none.
    private func newStream(_ partition: TopicPartition) -> (AsyncStream<[BusRecord]>, ownership: Int)? {
        self.partitions.withLock { partitions in
            guard partitions.feeds[partition] == nil else { return nil }
            let (stream, feed) = AsyncStream<[BusRecord]>.makeStream()
            partitions.ownerships += 1
            partitions.feeds[partition] = (partitions.ownerships, feed)
            return (stream, partitions.ownerships)
        }
    }

    func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {}

    func partitionsRevoking(_ revoked: [TopicPartition]) async {
        let ended = self.partitions.withLock { partitions in revoked.compactMap { partitions.feeds.removeValue(forKey: $0)?.feed } }
        for feed in ended { feed.finish() }
        for partition in revoked { self.ages.set(nil, of: partition) }
    }

    // MARK: - One partition

    private enum Kind {
        case facts(MoverDecision.Facts, OldestMessages.Kind, acceptedAt: UnixMilliseconds)
        case unusable
        /// Written by a newer version.
        case blocked
    }

    private struct Waiting {
        var record: BusRecord
        var due: UnixMilliseconds
        var kind: Kind

        var isBlocked: Bool {
            if case .blocked = self.kind { true } else { false }
        }
    }

    private func move(
        _ batches: AsyncStream<[BusRecord]>, of partition: TopicPartition, _ ownership: Int, _ consumer: any BusConsumer
    ) async {
        for await batch in batches {
            var rest = batch.map { self.waiting($0) }[...]
            while let head = rest.first {
                self.ages.set(Self.oldest(rest), of: partition)
                let wait = head.due - self.clock.now()
                if wait > .zero {
                    do { try await self.clock.sleep(for: wait) } catch { return }
                }
                guard self.owns(partition, ownership) else { return }
                // Everything behind a newer version's record waits for the next version of this mover.
                guard !head.isBlocked else { return self.block(head.record) }
                let now = self.clock.now() + self.configuration.slack
                let end = rest.firstIndex { $0.due > now || $0.isBlocked } ?? rest.endIndex
                let due = rest[rest.startIndex..<max(end, rest.startIndex + 1)]
                guard await self.put(due, of: partition, consumer) else { return }
                rest = rest[due.endIndex...]
            }
            if Task.isCancelled { return }
            self.ages.set(nil, of: partition)
            if self.owns(partition, ownership) { await consumer.resume([partition]) }
        }
    }

    private static func oldest(_ waiting: ArraySlice<Waiting>) -> OldestMessages {
        waiting.reduce(into: OldestMessages()) { oldest, waiting in
            if case .facts(_, let kind, let acceptedAt) = waiting.kind { oldest.add(kind, acceptedAt: acceptedAt) }
        }
    }

    private func owns(_ partition: TopicPartition, _ ownership: Int) -> Bool {
        self.partitions.withLock { $0.feeds[partition]?.ownership == ownership }
    }

    /// Puts records where they belong and commits behind them.
    ///
    /// - Returns: false when that cannot be done any more.
    private func put(_ due: ArraySlice<Waiting>, of partition: TopicPartition, _ consumer: any BusConsumer) async -> Bool {
        guard let last = due.last else { return true }
        let now = self.clock.now()
        let records: [OutgoingRecord]
        do {
            records = try due.map { waiting in
                guard case .facts(let facts, _, _) = waiting.kind else {
                    return try DeadLetters.record(
                        of: waiting.record, reason: "the bytes are not an OutboundMessage with a resume topic", at: now)
                }
                let target = self.decision.target(facts, now: now + self.configuration.slack)
                return OutgoingRecord(
                    topic: target, key: target == facts.resumeTopic ? Array(facts.destination.utf8) : waiting.record.key,
                    value: waiting.record.value)
            }
        } catch {
            // Nothing is committed past what has no place to go to: the partition waits for somebody who understands it.
            self.failures.increment()
            self.logger.critical("a record cannot be put on the dead topic: its partition waits", metadata: ["error": "\(error)"])
            return false
        }
        var pause = Duration.milliseconds(100)
        while true {
            do {
                try await self.bus.produce(records)
                break
            } catch {
                self.failures.increment()
                self.logger.error("due records cannot be put back", metadata: ["error": "\(error)"])
                if (error as? BusError)?.code == .closed { return false }
                do { try await self.clock.sleep(for: pause) } catch { return false }
                pause = min(pause * 2, .seconds(5))
            }
        }
        for waiting in due { self.lateness.recordMilliseconds(max((now - waiting.due).milliseconds, 0)) }
        self.moved.increment(by: due.count)
        do {
            try await consumer.commit([partition: last.record.position.offset + 1])
        } catch {
            // They are put back once more by whoever reads them again; markers drop the copies.
            self.failures.increment()
            self.logger.warning("an offset could not be committed", metadata: ["error": "\(error)"])
        }
        return true
    }

    // MARK: - Reading

    private func waiting(_ record: BusRecord) -> Waiting {
        let kind = Self.kind(of: record)
        let due =
            if case .facts(let facts, _, _) = kind { self.decision.due(facts, appendedAt: record.appendedAt) } else { record.appendedAt }
        return Waiting(record: record, due: due, kind: kind)
    }

    private static func kind(of record: BusRecord) -> Kind {
        guard let message = try? RecordCoding.decode(Apus_V1_OutboundMessage.self, from: record.value) else { return .unusable }
        guard message.schema <= SchemaVersion.current else { return .blocked }
        guard message.schema > 0, !message.resumeTopic.isEmpty else { return .unusable }
        return .facts(
            MoverDecision.Facts(
                notBefore: UnixMilliseconds(message.notBeforeMs), expiresAt: UnixMilliseconds(message.expiresAtMs),
                resumeTopic: message.resumeTopic, destination: message.destination),
            OldestMessages.Kind(
                pool: message.pool.isEmpty ? Topics.defaultQueue : message.pool, deliveryClass: Topics.deliveryClass(of: message.resumeTopic)),
            acceptedAt: UnixMilliseconds(message.acceptedAtMs))
    }

    private func block(_ record: BusRecord) {
        self.failures.increment()
        self.logger.critical(
            "a record was written by a newer version: its partition waits for an upgrade of this mover",
            metadata: ["partition": "\(record.position.topicPartition.partition)", "offset": "\(record.position.offset)"])
    }
}
