import ApusCore
package import Backends
import Dispatch
import NIOCore
import NIOPosix
import Synchronization

/// The embedded ``MessageBus``: one folder, one writer thread, group commit into append-only segment files.
///
/// All topics share one log, so that everything that waits is made durable by a single write and sync. What is kept is indexed in
/// memory, 24 bytes a record; payloads stay on disk and in the page cache. For one process at a time: the owner of the data folder
/// holds its lock.
package final class SegmentMessageBus: MessageBus {
    private static let longestName = 200

    private let core: BusCore

    private init(core: BusCore) {
        self.core = core
    }

    /// Opens the bus in a folder, creating it where it is missing. Reads the disk on the bus's own thread.
    ///
    /// - Parameters:
    ///   - folder: the path of the bus's own folder; its parent exists.
    ///   - configuration: how to use the disk.
    /// - Throws: ``BusError``; ``BusError/Code/corrupt`` names the file and what can be done.
    package static func open(
        folder: String, configuration: SegmentBusConfiguration = SegmentBusConfiguration()
    ) async throws -> SegmentMessageBus {
        guard (64 << 10...1 << 30).contains(configuration.segmentBytes), configuration.segmentBytes % 4096 == 0,
            configuration.maximumRecordBytes <= configuration.segmentBytes / 4
        else {
            throw BusError(
                .invalidArgument,
                "segments are 64 KiB to 1 GiB in multiples of 4 KiB, and a record takes at most a quarter of one")
        }
        return try await withCheckedThrowingContinuation { continuation in
            let isStarted = OwnedThread.start {
                continuation.resume(with: Result { try self.openBlocking(folder: folder, configuration: configuration) })
            }
            if !isStarted { continuation.resume(throwing: BusError(.unavailable, "the system gives no thread to open the bus")) }
        }
    }

    private static func openBlocking(folder path: String, configuration: SegmentBusConfiguration) throws -> SegmentMessageBus {
        do {
            let folder = try BusFolder(path: path)
            let state = try BusRecovery.recover(folder: folder, configuration: configuration)
            let core = BusCore(folder: folder, configuration: configuration, state: state)
            try core.start()
            core.maintenance.signal()
            return SegmentMessageBus(core: core)
        } catch let error as PosixFailure {
            throw BusError(.unavailable, "cannot open the bus in \(path): \(error)", cause: error)
        }
    }

    package func ensureTopics(_ topics: [TopicDefinition]) async throws {
        for topic in topics { try Self.check(topic) }
        try await self.core.catalog.run {
            var catalog = TopicCatalog()
            let known = try self.core.state.withLock { state in
                if state.isClosed { throw BusError(.closed, "the bus is closed") }
                return state.topics.values.map { TopicCatalog.Topic(number: $0.number, definition: $0.definition) }
            }
            catalog.topics = known.sorted { $0.number < $1.number }
            var added: [TopicCatalog.Topic] = []
            for topic in topics {
                if let index = catalog.topics.firstIndex(where: { $0.definition.name == topic.name }) {
                    let partitions = catalog.topics[index].definition.partitions
                    guard partitions >= topic.partitions else {
                        throw BusError(.topicMismatch, "\(topic.name) has \(partitions) partitions, not \(topic.partitions)")
                    }
                    catalog.topics[index].definition.retention = topic.retention
                } else {
                    let number = (catalog.topics.last?.number ?? 0) + 1
                    catalog.topics.append(TopicCatalog.Topic(number: number, definition: topic))
                    added.append(TopicCatalog.Topic(number: number, definition: topic))
                }
            }
            let (saved, new) = (catalog, added)
            guard saved.topics != known.sorted(by: { $0.number < $1.number }) else { return }
            do {
                try await self.core.readers.runIfActive { try saved.save(to: self.core.folder) }
            } catch {
                throw BusError(.unavailable, "cannot write the list of topics: \(error)", cause: error)
            }
            self.core.state.withLock { state in
                for topic in saved.topics { state.topics[topic.definition.name]?.definition.retention = topic.definition.retention }
                for topic in new { state.addTopic(topic) }
            }
        }
    }

    @discardableResult
    package func produce(_ records: [OutgoingRecord]) async throws -> [RecordPosition] {
        guard !records.isEmpty else { return [] }
        let partitions = try self.partitions(of: records)
        let prepared = zip(records, partitions).map { record, partition in
            ProduceTicket.Record(
                partition: partition.index, key: record.key, value: record.value,
                payloadChecksum: record.key.withUnsafeBytes { key in
                    record.value.withUnsafeReadableBytes { FrameHeader.checksum(key: key, value: $0) }
                })
        }
        let offsets = try await withCheckedThrowingContinuation { continuation in
            let ticket = ProduceTicket(records: prepared, continuation: continuation)
            if !self.core.queue.add(.produce(ticket)) {
                continuation.resume(throwing: BusError(.closed, "the bus is closed"))
            }
        }
        return zip(partitions, offsets).map { RecordPosition(topicPartition: $0.topicPartition, offset: $1) }
    }

    /// Checks records and chooses their partitions.
    private func partitions(of records: [OutgoingRecord]) throws -> [(index: Int, topicPartition: TopicPartition)] {
        let maximum = self.core.configuration.maximumRecordBytes
        return try self.core.state.withLock { state in
            try records.map { record in
                guard let topic = state.topics[record.topic] else { throw BusError(.unknownTopic, "there is no topic \(record.topic)") }
                let size = record.key.count + record.value.readableBytes
                guard size <= maximum, record.key.count <= Int(UInt16.max) else {
                    throw BusError(.recordTooLarge, "a record of \(size) bytes is above the \(maximum) that the bus carries")
                }
                let count = topic.definition.partitions
                let partition = record.partition ?? Int(CRC32C.checksum(record.key)) % count
                guard (0..<count).contains(partition) else {
                    throw BusError(.invalidArgument, "\(record.topic) has no partition \(partition)")
                }
                return (topic.base + partition, state.partitions[topic.base + partition].topicPartition)
            }
        }
    }

    package func subscribe(
        group: String, topics: [String], configuration: BusConsumerConfiguration, rebalance: any BusRebalanceListener
    ) async throws -> any BusConsumer {
        guard !group.isEmpty, group.utf8.count <= Self.longestName, !topics.isEmpty else {
            throw BusError(.invalidArgument, "a group has a name of at most \(Self.longestName) bytes and at least one topic")
        }
        let fetcher = try self.core.state.withLock { state in
            if state.isClosed { throw BusError(.closed, "the bus is closed") }
            for topic in topics where state.topics[topic] == nil { throw BusError(.unknownTopic, "there is no topic \(topic)") }
            return state.addFetcher(
                maximumRecords: max(1, configuration.maximumBatchRecords), maximumBytes: max(1, configuration.maximumBatchBytes))
        }
        let member = ConsumerGroup.Member(fetcher: fetcher, topics: Set(topics), listener: rebalance)
        try await GroupRebalance(core: self.core, group: group).add(member)
        return SegmentConsumer(core: self.core, group: group, fetcher: fetcher)
    }

    package func read(topic: String, from start: BusReadStart, follow: Bool) async throws -> any BusReader {
        let defaults = BusConsumerConfiguration()
        let fetcher = try self.core.state.withLock { state in
            if state.isClosed { throw BusError(.closed, "the bus is closed") }
            guard let known = state.topics[topic] else { throw BusError(.unknownTopic, "there is no topic \(topic)") }
            let fetcher = state.addFetcher(
                maximumRecords: defaults.maximumBatchRecords, maximumBytes: defaults.maximumBatchBytes)
            for index in known.base..<known.base + known.definition.partitions {
                let partition = state.partitions[index]
                let first: Int64 =
                    switch start {
                    case .earliest: partition.start
                    case .latest: partition.end
                    case .committed(let group): partition.committed[group] ?? partition.start
                    }
                state.addCursor(
                    Fetcher.Cursor(next: first, limit: follow ? nil : partition.end), fetcher: fetcher, partition: index)
            }
            return fetcher
        }
        return SegmentReader(core: self.core, fetcher: fetcher)
    }

    package func positions(topic: String, group: String?) async throws -> [PartitionPositions] {
        try self.core.state.withLock { state in
            if state.isClosed { throw BusError(.closed, "the bus is closed") }
            if state.hasFailed {
                throw BusError(.unavailable, "the bus could not write to its disk several times in a row: look at the disk and start again")
            }
            guard let known = state.topics[topic] else { throw BusError(.unknownTopic, "there is no topic \(topic)") }
            return state.partitions[known.base..<known.base + known.definition.partitions].map { partition in
                PartitionPositions(
                    topicPartition: partition.topicPartition, start: partition.start, end: partition.end,
                    committed: group.flatMap { partition.committed[$0] })
            }
        }
    }

    package func close() async {
        let waiters = self.core.state.withLock { state in
            state.isClosed = true
            return state.fetchers.keys.compactMap { state.closeFetcher($0) }
        }
        for waiter in waiters { waiter.resume() }
        self.core.maintenance.close()
        await self.core.maintenanceDone.wait()
        self.core.queue.close()
        await self.core.writerDone.wait()
        try? await self.core.readers.shutdownGracefully()
    }

    /// Runs one round of upkeep and waits for its end, for tests and for an operator in a hurry.
    package func runMaintenance() async {
        await self.core.maintenance.pass()
    }

    private static func check(_ topic: TopicDefinition) throws {
        let isName = topic.name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isName, (1...self.longestName).contains(topic.name.utf8.count), (1...65_536).contains(topic.partitions) else {
            throw BusError(.invalidArgument, "a topic has a name of letters, digits, \".\", \"_\", \"-\" and 1 to 65536 partitions")
        }
    }
}
