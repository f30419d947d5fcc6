internal import ApusCore
package import Backends
package import CoreMetrics
package import Logging
internal import Metrics
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// Reads a topic as one of a group, makes records of other topics of each record, and commits behind those that the bus has taken.
///
/// What was written and not committed when a process ends is written again by the next: at least once, in the order of each partition.
package final class RecordPipe: Sendable {
    /// What becomes of a record.
    package enum Result: Sendable {
        /// These are written in its place; none when nothing is to be.
        case records([OutgoingRecord])
        /// A newer version wrote it: its partition waits for a process that can read it, and nothing behind it is committed.
        case newerSchema(UInt32)
    }

    private let bus: any MessageBus
    private let group: String
    private let topic: String
    private let failures: Counter
    private let logger: Logger
    private let transform: @Sendable (BusRecord) throws -> Result
    private let stopSignals: AsyncStream<Void>
    private let stopSignal: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - bus: where both topics are.
    ///   - group: whose commits say what is done.
    ///   - topic: what is read.
    ///   - failures: counts failed reads, writes and commits, and records that wait for an upgrade.
    ///   - transform: makes of a record what is written. One that throws is treated as a newer schema: its partition waits.
    package init(
        bus: any MessageBus, group: String, topic: String, failures: Counter, logger: Logger,
        transform: @escaping @Sendable (BusRecord) throws -> Result
    ) {
        self.bus = bus
        self.group = group
        self.topic = topic
        self.failures = failures
        self.transform = transform
        var logger = logger
        logger[metadataKey: "topic"] = "\(topic)"
        self.logger = logger
        (self.stopSignals, self.stopSignal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Runs until a graceful shutdown or cancellation. May be called once.
    ///
    /// - Throws: when the topic cannot be subscribed to.
    package func run() async throws {
        let blocked = BlockedPartitions()
        let consumer = try await self.bus.subscribe(
            group: self.group, topics: [self.topic], configuration: BusConsumerConfiguration(), rebalance: blocked)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.work(consumer, blocked) }
                for await _ in self.stopSignals { break }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stopSignal.yield()
        }
        await consumer.close()
    }

    /// Stops the pipe as a graceful shutdown does.
    package func stop() {
        self.stopSignal.yield()
    }

    /// Partitions whose next record this process cannot read. One that comes back from another member begins anew: that one may have been newer.
    private final class BlockedPartitions: BusRebalanceListener {
        private let partitions = Mutex<Set<TopicPartition>>([])

        func contains(_ partition: TopicPartition) -> Bool { self.partitions.withLock { $0.contains(partition) } }
        func insert(_ partition: TopicPartition) { self.partitions.withLock { _ = $0.insert(partition) } }

        func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {
            self.partitions.withLock { $0.subtract(partitions.keys) }
        }

        func partitionsRevoking(_ partitions: [TopicPartition]) async {}
    }

    /// What a number of records became, not written yet.
    private struct Output {
        var records: [OutgoingRecord] = []
        var octets = 0
        /// Behind what was read, per partition.
        var offsets: [TopicPartition: Int64] = [:]

        /// One wait for the bus is shared by many, up to a bound: what is written may be fifty times what was read.
        var isEnough: Bool { self.records.count >= 1000 || self.octets >= 8 << 20 }

        mutating func add(_ records: [OutgoingRecord], of position: RecordPosition) {
            self.records += records
            self.octets += records.reduce(0) { $0 + $1.value.readableBytes }
            self.offsets[position.topicPartition] = position.offset + 1
        }
    }

    private func work(_ consumer: any BusConsumer, _ blocked: BlockedPartitions) async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            do {
                guard let batch = try await consumer.nextBatch() else { return }
                var output = Output()
                for record in batch where !blocked.contains(record.position.topicPartition) {
                    guard let records = self.records(of: record) else {
                        blocked.insert(record.position.topicPartition)
                        await consumer.pause([record.position.topicPartition])
                        continue
                    }
                    output.add(records, of: record.position)
                    if output.isEnough {
                        guard await self.put(output, consumer) else { return }
                        output = Output()
                    }
                }
                guard await self.put(output, consumer) else { return }
                pause = .milliseconds(100)
            } catch {
                self.failures.increment()
                self.logger.error("records cannot be read", metadata: ["error": "\(error)"])
                do { try await Task.sleep(for: pause) } catch { return }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// - Returns: nil when the record's partition is to wait.
    private func records(of record: BusRecord) -> [OutgoingRecord]? {
        do {
            switch try self.transform(record) {
            case .records(let records): return records
            case .newerSchema(let schema):
                self.logger.critical(
                    "a record was written by a newer version: its partition waits for an upgrade of this process",
                    metadata: Self.place(of: record).merging(["schema": "\(schema)"]) { $1 })
            }
        } catch {
            self.logger.critical(
                "nothing can be made of a record: its partition waits",
                metadata: Self.place(of: record).merging(["error": "\(error)"]) { $1 })
        }
        self.failures.increment()
        return nil
    }

    private static func place(of record: BusRecord) -> Logger.Metadata {
        ["partition": "\(record.position.topicPartition.partition)", "offset": "\(record.position.offset)"]
    }

    /// Writes and commits.
    ///
    /// - Returns: false when the pipe is to end.
    private func put(_ output: Output, _ consumer: any BusConsumer) async -> Bool {
        guard !output.offsets.isEmpty else { return true }
        guard await self.write(output.records) else { return false }
        do {
            try await consumer.commit(output.offsets)
        } catch {
            // The rest of the batch must go on all the same. The next commit covers this one; at worst records are written once more after
            // a restart.
            self.failures.increment()
            self.logger.warning("an offset could not be committed", metadata: ["error": "\(error)"])
        }
        return true
    }

    /// - Returns: false when the pipe is to end.
    private func write(_ records: [OutgoingRecord]) async -> Bool {
        guard !records.isEmpty else { return true }
        var pause = Duration.milliseconds(100)
        while true {
            do {
                try await self.bus.produce(records)
                return true
            } catch {
                self.failures.increment()
                self.logger.error("records cannot be written", metadata: ["error": "\(error)"])
                if (error as? BusError)?.code == .closed { return false }
                do { try await Task.sleep(for: pause) } catch { return false }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }
}
