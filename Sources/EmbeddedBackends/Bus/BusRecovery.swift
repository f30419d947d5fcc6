import ApusCore
import Backends
import DequeModule
import NIOCore

/// Builds the state of the bus from its folder.
///
/// The newest hot segment with a whole checkpoint is the end of the log: it is read frame by frame and ends at the first frame that is
/// not whole. All older ones end where that checkpoint says and must be whole up to there.
struct BusRecovery {
    private let folder: BusFolder
    private let configuration: SegmentBusConfiguration
    private var state = BusState()
    /// By partition index.
    private var entries: [[IndexEntry]] = []
    private var ends: [Int64] = []

    private init(folder: BusFolder, configuration: SegmentBusConfiguration) {
        self.folder = folder
        self.configuration = configuration
    }

    /// - Throws: ``BusError`` with ``BusError/Code/corrupt``; ``PosixFailure``.
    static func recover(folder: BusFolder, configuration: SegmentBusConfiguration) throws -> sending BusState {
        var recovery = BusRecovery(folder: folder, configuration: configuration)
        return try recovery.recover()
    }

    private mutating func recover() throws -> BusState {
        for topic in try TopicCatalog.load(from: self.folder).topics { self.state.addTopic(topic) }
        self.entries = Array(repeating: [], count: self.state.partitions.count)
        self.ends = Array(repeating: 0, count: self.state.partitions.count)
        self.state.spares = try self.folder.spares()
        var segments = try self.folder.segments()
        self.state.nextSegment = (segments.last?.segment ?? 0) + 1
        var lengths: [UInt32: UInt32] = [:]
        while let last = segments.lastIndex(where: { $0.kind == .hot }) {
            let segment = segments.remove(at: last)
            let (file, contents) = try self.scan(segment.segment, .hot, sealedLength: nil)
            guard let checkpoint = contents.checkpoint else {
                // Made, and never written to.
                self.folder.remove(self.folder.segmentPath(segment.segment, .hot))
                continue
            }
            lengths = Dictionary(checkpoint.sealed.map { ($0.segment, $0.length) }, uniquingKeysWith: { $1 })
            try self.apply(checkpoint)
            try self.add(segment.segment, .hot, file, contents.records, length: contents.length)
            for commit in contents.commits {
                let partition = try self.partition(commit.topic, commit.partition, segment.segment)
                let old = self.state.partitions[partition].committed[commit.group] ?? -1
                self.state.partitions[partition].committed[commit.group] = max(old, commit.offset)
            }
            break
        }
        for (segment, kind) in segments { try self.load(segment, kind, sealedLength: lengths[segment]) }
        self.finish()
        return self.state
    }

    private mutating func load(_ segment: UInt32, _ kind: BusFolder.SegmentKind, sealedLength: UInt32?) throws {
        let name = self.folder.indexPath(segment).split(separator: "/").last.map(String.init) ?? ""
        if let sealedLength, let bytes = try self.folder.readSmallFile(name),
            let records = SegmentIndexFile.decode(bytes, segment: segment, length: sealedLength)
        {
            let file = try SegmentFile(path: self.folder.segmentPath(segment, kind), create: false)
            try self.add(segment, kind, file, records, length: sealedLength)
            return
        }
        let (file, contents) = try self.scan(segment, kind, sealedLength: sealedLength)
        try self.add(segment, kind, file, contents.records, length: contents.length)
        self.state.pendingIndexes.append(
            BusState.PendingIndex(segment: segment, length: contents.length, records: contents.records))
    }

    private func scan(
        _ segment: UInt32, _ kind: BusFolder.SegmentKind, sealedLength: UInt32?
    ) throws -> (SegmentFile, SegmentContents) {
        let path = self.folder.segmentPath(segment, kind)
        let file = try SegmentFile(path: path, create: false)
        // What a crashed process wrote and did not sync is whole now and may not be after a power failure: make it durable before
        // anyone builds on it.
        if sealedLength == nil { try file.synchronizeData() }
        let bytes = try file.read(at: 0, count: try file.size())
        let contents = try bytes.withUnsafeReadableBytes {
            try SegmentContents(scanning: $0, segment: segment, path: path, sealedLength: sealedLength)
        }
        return (file, contents)
    }

    private mutating func apply(_ checkpoint: Checkpoint) throws {
        for partition in checkpoint.partitions {
            guard let index = self.state.index(topic: partition.topic, partition: partition.partition) else {
                throw self.unknown(partition.topic, partition.partition)
            }
            self.ends[index] = max(self.ends[index], partition.nextOffset)
            self.state.partitions[index].committed = partition.committed
        }
    }

    private mutating func add(
        _ segment: UInt32, _ kind: BusFolder.SegmentKind, _ file: SegmentFile, _ records: [SegmentContents.Record], length: UInt32
    ) throws {
        var state = SegmentState(file: file, kind: kind)
        state.length = length
        state.sealedAt = self.configuration.now()
        self.state.segments[segment] = state
        for record in records {
            let partition = try self.partition(record.topic, record.partition, segment)
            self.entries[partition].append(
                IndexEntry(
                    offset: record.offset, segment: segment, position: record.position, length: record.length,
                    seconds: UInt32(clamping: record.timestamp / 1000)))
            self.ends[partition] = max(self.ends[partition], record.offset + 1)
            self.state.partitions[partition].lastTimestamp = max(self.state.partitions[partition].lastTimestamp, record.timestamp)
        }
    }

    private func partition(_ topic: UInt32, _ partition: UInt32, _ segment: UInt32) throws -> Int {
        guard let index = self.state.index(topic: topic, partition: partition) else { throw self.unknown(topic, partition) }
        return index
    }

    private func unknown(_ topic: UInt32, _ partition: UInt32) -> BusError {
        BusError(
            .corrupt,
            "\(self.folder.path) has records of topic number \(topic), partition \(partition), that its file \"topics\" does not list; "
                + "restore that file from a copy")
    }

    /// Sorts the entries, keeps one of each record that is there twice because a move was interrupted, and counts.
    private mutating func finish() {
        for partition in self.state.partitions.indices {
            var entries = self.entries[partition]
            self.entries[partition] = []
            entries.sort { ($0.offset, $0.segment) < ($1.offset, $1.segment) }
            self.state.partitions[partition].nextOffset = self.ends[partition]
            self.state.partitions[partition].end = self.ends[partition]
            for (place, entry) in entries.enumerated() where place + 1 == entries.count || entries[place + 1].offset != entry.offset {
                self.state.partitions[partition].entries.append(entry)
                self.state.partitions[partition].bytes += Int64(entry.length)
                self.state.segments[entry.segment]?.liveBytes += Int(entry.length)
            }
            self.state.dropConsumed(partition)
        }
        self.state.dropExpired(now: self.configuration.now())
    }
}
