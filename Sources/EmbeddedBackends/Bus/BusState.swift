import ApusCore
import Backends
import DequeModule

/// Everything the bus holds in memory, behind one lock. Pure bookkeeping: no I/O, nothing awaited, continuations are handed out to be
/// resumed after the lock is released.
struct BusState: Sendable {
    struct Topic: Sendable {
        let number: UInt32
        var definition: TopicDefinition
        /// The index of partition 0 in ``partitions``; the others follow.
        let base: Int
    }

    /// A finished segment whose index file is still to be written.
    struct PendingIndex: Sendable {
        var segment: UInt32
        var length: UInt32
        var records: [SegmentContents.Record]
    }

    var topics: [String: Topic] = [:]
    var topicsByNumber: [UInt32: String] = [:]
    var partitions: [PartitionState] = []
    var segments: [UInt32: SegmentState] = [:]
    var nextSegment: UInt32 = 1
    var groups: [String: ConsumerGroup] = [:]
    var fetchers: [Int: Fetcher] = [:]
    var nextFetcher = 0
    /// Names of files whose blocks can be used again.
    var spares: [String] = []
    var pendingIndexes: [PendingIndex] = []
    var isClosed = false
    /// Writing has failed for good: nothing is taken before the process starts again.
    var hasFailed = false
    /// Set when the last live record of a finished segment went, until upkeep was told.
    var hasDeadSegments = false

    // MARK: topics

    mutating func addTopic(_ topic: TopicCatalog.Topic) {
        let definition = topic.definition
        self.topics[definition.name] = Topic(number: topic.number, definition: definition, base: self.partitions.count)
        self.topicsByNumber[topic.number] = definition.name
        for number in 0..<definition.partitions {
            self.partitions.append(
                PartitionState(topicPartition: TopicPartition(topic: definition.name, partition: number), topicNumber: topic.number))
        }
    }

    /// The index of a partition in ``partitions``.
    func index(of partition: TopicPartition) -> Int? {
        guard let topic = self.topics[partition.topic], partition.partition >= 0,
            partition.partition < topic.definition.partitions
        else { return nil }
        return topic.base + partition.partition
    }

    func index(topic number: UInt32, partition: UInt32) -> Int? {
        guard let name = self.topicsByNumber[number] else { return nil }
        return self.index(of: TopicPartition(topic: name, partition: Int(partition)))
    }

    // MARK: writing

    /// Gives a record its offset and time.
    mutating func assign(partition: Int, now: Int64) -> (offset: Int64, timestamp: Int64) {
        let offset = self.partitions[partition].nextOffset
        let timestamp = max(now, self.partitions[partition].lastTimestamp)
        self.partitions[partition].nextOffset = offset + 1
        self.partitions[partition].lastTimestamp = timestamp
        return (offset, timestamp)
    }

    /// Makes durable records visible.
    mutating func publish(_ entry: IndexEntry, partition: Int, waking woken: inout [CheckedContinuation<Void, Never>]) {
        self.partitions[partition].entries.append(entry)
        self.partitions[partition].bytes += Int64(entry.length)
        self.partitions[partition].end = entry.offset + 1
        self.segments[entry.segment]?.liveBytes += Int(entry.length)
        for fetcher in self.partitions[partition].fetchers {
            if let waiter = self.fetchers[fetcher]?.waiter {
                self.fetchers[fetcher]?.waiter = nil
                woken.append(waiter)
            }
        }
    }

    /// Raises a committed offset and lets go of what nobody will ask for.
    mutating func applyCommit(group: String, partition: Int, offset: Int64) {
        guard offset > self.partitions[partition].committed[group] ?? -1 else { return }
        self.partitions[partition].committed[group] = offset
        self.dropConsumed(partition)
    }

    /// Everything a new segment must repeat.
    func checkpoint() -> Checkpoint {
        Checkpoint(
            sealed: self.segments.filter { $0.value.sealedAt != nil }
                .map { Checkpoint.Sealed(segment: $0.key, length: $0.value.length) }.sorted { $0.segment < $1.segment },
            partitions: self.partitions.map {
                Checkpoint.Partition(
                    topic: $0.topicNumber, partition: UInt32($0.topicPartition.partition), nextOffset: $0.nextOffset,
                    committed: $0.committed)
            })
    }

    mutating func seal(_ segment: UInt32, length: UInt32, records: [SegmentContents.Record], at now: UnixMilliseconds) {
        self.segments[segment]?.sealedAt = now
        self.segments[segment]?.length = length
        self.pendingIndexes.append(PendingIndex(segment: segment, length: length, records: records))
    }

    // MARK: retention

    /// Drops the records below the offset of the group that a topic is kept for.
    mutating func dropConsumed(_ partition: Int) {
        guard let topic = self.topics[self.partitions[partition].topicPartition.topic],
            case .untilConsumed(let group) = topic.definition.retention,
            let committed = self.partitions[partition].committed[group]
        else { return }
        while let first = self.partitions[partition].entries.first, first.offset < committed { self.dropFirst(partition) }
    }

    /// Drops what bounded topics no longer keep.
    mutating func dropExpired(now: UnixMilliseconds) {
        for topic in self.topics.values {
            guard case .bounded(let age, let bytes) = topic.definition.retention else { continue }
            let range = topic.base..<topic.base + topic.definition.partitions
            let oldest = (now + .milliseconds(-age.milliseconds)).seconds
            for partition in range {
                while let first = self.partitions[partition].entries.first, Int64(first.seconds) < oldest { self.dropFirst(partition) }
            }
            var total = range.reduce(into: Int64(0)) { $0 += self.partitions[$1].bytes }
            while total > bytes,
                let partition = range.filter({ !self.partitions[$0].entries.isEmpty }).min(by: {
                    self.partitions[$0].entries[0].seconds < self.partitions[$1].entries[0].seconds
                })
            {
                total -= Int64(self.dropFirst(partition))
            }
        }
    }

    @discardableResult
    private mutating func dropFirst(_ partition: Int) -> UInt32 {
        let entry = self.partitions[partition].entries.removeFirst()
        self.partitions[partition].bytes -= Int64(entry.length)
        self.segments[entry.segment]?.liveBytes -= Int(entry.length)
        if let segment = self.segments[entry.segment], segment.liveBytes == 0, segment.sealedAt != nil { self.hasDeadSegments = true }
        return entry.length
    }

    /// Where a record of a segment is kept, provided that it is kept there.
    func liveIndex(of record: SegmentContents.Record, in segment: UInt32) -> (partition: Int, index: Int)? {
        guard let partition = self.index(topic: record.topic, partition: record.partition) else { return nil }
        let index = self.partitions[partition].firstIndex(from: record.offset)
        guard index < self.partitions[partition].entries.count else { return nil }
        let entry = self.partitions[partition].entries[index]
        return entry.offset == record.offset && entry.segment == segment ? (partition, index) : nil
    }

    /// Points a moved record to its new place.
    mutating func move(_ record: SegmentContents.Record, from source: UInt32, to target: UInt32, position: UInt32) {
        guard let (partition, index) = self.liveIndex(of: record, in: source) else { return }
        self.partitions[partition].entries[index].segment = target
        self.partitions[partition].entries[index].position = position
        self.segments[source]?.liveBytes -= Int(record.length)
        self.segments[target]?.liveBytes += Int(record.length)
    }
}
