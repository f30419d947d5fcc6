import ApusCore
import Backends
import DequeModule
import Dispatch
import NIOCore
import Synchronization

/// Writes groups of requests to the hot segments: one write and one sync for all that waits. Lives on the writer's thread.
///
/// ## Failure
///
/// A group that cannot be written or synced fails as a whole, and its segment is left for good at its last synced position: after a
/// failed sync the kernel may call dirty pages clean, so a second sync of the same file proves nothing. The next group begins a new
/// segment, whose checkpoint says where the old one ends and repeats every commit. After three groups failed in a row the bus takes
/// nothing more until it is opened again.
final class SegmentWriter {
    private struct Active {
        var segment: UInt32
        var file: SegmentFile
        /// Where the next frame goes.
        var position: Int
        /// What is known to be durable.
        var synced: Int
        var records: [SegmentContents.Record] = []
    }

    private struct Grouped {
        var ticket: ProduceTicket
        var index: Int
        var position: Int
    }

    private struct GroupedCommit {
        var group: String
        var offsets: [(partition: Int, offset: Int64)]
        var continuation: CheckedContinuation<Void, any Error>
    }

    private static let failuresAllowed = 3

    private let core: BusCore
    private let buffer: UnsafeMutableRawBufferPointer
    private var active: Active?
    private var requests: Deque<WriteQueue.Request> = []
    private var failuresInARow = 0

    init(core: BusCore) {
        self.core = core
        let configuration = core.configuration
        let capacity = max(configuration.maximumGroupBytes, FrameHeader.frameLength(payload: configuration.maximumRecordBytes))
        self.buffer = .allocate(byteCount: capacity + 4096, alignment: 4096)
    }

    deinit {
        self.buffer.deallocate()
    }

    /// Serves the queue until it is closed, then says in the segment that nothing follows.
    func run() {
        while true {
            if self.requests.isEmpty {
                guard let taken = self.core.queue.take() else { break }
                self.requests = taken
            } else {
                self.requests.append(contentsOf: self.core.queue.takeMore())
            }
            self.writeGroup()
        }
        guard let active = self.active else { return }
        // Opening again works without the end mark; it only lets damage to the last group be told from a crash.
        try? self.writeEnd(active)
    }

    private func synchronize(_ file: SegmentFile) throws {
        guard self.core.configuration.synchronizeData(file.descriptor) == 0 else { throw PosixFailure("fdatasync") }
    }

    private func writeEnd(_ active: Active) throws {
        try self.synchronize(active.file)
        FrameHeader.end(synced: active.position).encode(into: self.buffer.baseAddress!, segment: active.segment)
        try active.file.write(UnsafeRawBufferPointer(rebasing: self.buffer[..<FrameHeader.size]), at: active.position)
        try active.file.synchronizeData()
    }

    // MARK: groups

    private func writeGroup() {
        if self.active == nil || self.isFull() {
            do {
                try self.roll()
            } catch {
                self.failFirst(error)
                return
            }
        }
        guard var active = self.active else { return }
        var grouped: [Grouped] = []
        var commits: [GroupedCommit] = []
        var barriers: [WriteQueue.Request] = []
        let used = self.collect(active, &grouped, &commits, &barriers)
        let now = self.core.configuration.now()
        let records = self.encode(grouped, segment: active.segment, synced: active.synced, at: active.position, now: now)
        do {
            try active.file.write(UnsafeRawBufferPointer(rebasing: self.buffer[..<used]), at: active.position)
        } catch {
            self.fail(grouped, commits, barriers, error)
            return
        }
        active.position += used
        self.active = active
        self.apply(commits)
        if !grouped.isEmpty || !barriers.isEmpty {
            do {
                if self.core.configuration.syncOnAcknowledge {
                    try self.synchronize(active.file)
                    active.synced = active.position
                }
            } catch {
                self.fail(grouped, [], barriers, error)
                return
            }
        }
        self.failuresInARow = 0
        for barrier in barriers { Self.answer(barrier, nil) }
        active.records.append(contentsOf: records)
        self.active = active
        self.publish(grouped, records, segment: active.segment)
    }

    /// True when what waits first does not fit into the active segment.
    private func isFull() -> Bool {
        guard let active = self.active, let first = self.requests.first else { return false }
        let size = self.core.configuration.segmentBytes
        switch first {
        case .produce(let ticket):
            guard ticket.taken < ticket.records.count else { return false }
            let frame = FrameHeader.frameLength(payload: ticket.records[ticket.taken].payloadLength)
            return active.position + frame > size - self.core.configuration.commitReserve
        case .commit(let group, let offsets, _):
            return active.position + Self.frameLength(group: group, count: offsets.count) > size
        case .synchronize:
            return false
        }
    }

    /// Takes from the front of the queue what fits into one group; commit frames are encoded at once.
    ///
    /// - Returns: the bytes of the group.
    private func collect(
        _ active: Active, _ grouped: inout [Grouped], _ commits: inout [GroupedCommit], _ barriers: inout [WriteQueue.Request]
    ) -> Int {
        let size = self.core.configuration.segmentBytes
        let capacity = self.buffer.count
        var used = 0
        requests: while let request = self.requests.first {
            switch request {
            case .produce(let ticket):
                let recordsEnd = size - self.core.configuration.commitReserve
                while ticket.taken < ticket.records.count, !ticket.isFailed {
                    let frame = FrameHeader.frameLength(payload: ticket.records[ticket.taken].payloadLength)
                    guard used + frame <= capacity, active.position + used + frame <= recordsEnd else { break requests }
                    grouped.append(Grouped(ticket: ticket, index: ticket.taken, position: used))
                    ticket.taken += 1
                    used += frame
                }
            case .commit(let group, let offsets, let continuation):
                let length = Self.frameLength(group: group, count: offsets.count)
                guard used + length <= capacity, active.position + used + length <= size else { break requests }
                self.encodeCommit(group: group, offsets: offsets, at: used, active)
                commits.append(GroupedCommit(group: group, offsets: offsets, continuation: continuation))
                used += length
            case .synchronize:
                barriers.append(request)
            }
            self.requests.removeFirst()
        }
        return used
    }

    private static func frameLength(group: String, count: Int) -> Int {
        FrameHeader.frameLength(payload: group.utf8.count) * count
    }

    private func encodeCommit(group: String, offsets: [(partition: Int, offset: Int64)], at start: Int, _ active: Active) {
        let name = Array(group.utf8)
        let identities = self.core.state.withLock { state in
            offsets.map { (state.partitions[$0.partition].topicNumber, state.partitions[$0.partition].topicPartition.partition) }
        }
        let checksum = name.withUnsafeBytes { FrameHeader.checksum(key: $0, value: UnsafeRawBufferPointer(start: nil, count: 0)) }
        var position = start
        for (identity, commit) in zip(identities, offsets) {
            let header = FrameHeader(
                kind: .commit, synced: UInt32(active.synced), topic: identity.0, partition: UInt32(identity.1), offset: commit.offset,
                keyLength: name.count, payloadLength: name.count, payloadChecksum: checksum)
            self.put(header, segment: active.segment, at: position) { target in
                name.withUnsafeBytes { target.copyMemory(from: $0) }
            }
            position += header.frameLength
        }
    }

    /// Gives the records their offsets and writes their frames into the buffer.
    private func encode(
        _ grouped: [Grouped], segment: UInt32, synced: Int, at base: Int, now: UnixMilliseconds
    ) -> [SegmentContents.Record] {
        guard !grouped.isEmpty else { return [] }
        var records: [SegmentContents.Record] = []
        records.reserveCapacity(grouped.count)
        self.core.state.withLock { state in
            for item in grouped {
                let record = item.ticket.records[item.index]
                let (offset, timestamp) = state.assign(partition: record.partition, now: now.rawValue)
                records.append(
                    SegmentContents.Record(
                        topic: state.partitions[record.partition].topicNumber,
                        partition: UInt32(state.partitions[record.partition].topicPartition.partition), offset: offset,
                        timestamp: timestamp, position: UInt32(base + item.position),
                        length: UInt32(FrameHeader.frameLength(payload: record.payloadLength))))
            }
        }
        for (item, placed) in zip(grouped, records) {
            let record = item.ticket.records[item.index]
            let header = FrameHeader(
                kind: .record, synced: UInt32(synced), topic: placed.topic, partition: placed.partition, offset: placed.offset,
                timestamp: placed.timestamp, keyLength: record.key.count, payloadLength: record.payloadLength,
                payloadChecksum: record.payloadChecksum)
            self.put(header, segment: segment, at: item.position) { target in
                record.key.withUnsafeBytes { target.copyMemory(from: $0) }
                record.value.withUnsafeReadableBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[record.key.count...]).copyMemory(from: $0)
                }
            }
            item.ticket.offsets.append(placed.offset)
        }
        return records
    }

    /// Writes one frame into the buffer: header, payload, zeros up to the next multiple of 8.
    private func put(_ header: FrameHeader, segment: UInt32, at position: Int, payload: (UnsafeMutableRawBufferPointer) -> Void) {
        let end = position + header.frameLength
        let start = position + FrameHeader.size
        header.encode(into: self.buffer.baseAddress! + position, segment: segment)
        payload(UnsafeMutableRawBufferPointer(rebasing: self.buffer[start..<start + Int(header.payloadLength)]))
        for padding in start + Int(header.payloadLength)..<end { self.buffer[padding] = 0 }
    }

    private func apply(_ commits: [GroupedCommit]) {
        guard !commits.isEmpty else { return }
        let hasDeadSegments = self.core.state.withLock { state in
            for commit in commits {
                for (partition, offset) in commit.offsets { state.applyCommit(group: commit.group, partition: partition, offset: offset) }
            }
            defer { state.hasDeadSegments = false }
            return state.hasDeadSegments
        }
        for commit in commits { commit.continuation.resume() }
        if hasDeadSegments { self.core.maintenance.signal() }
    }

    private func publish(_ grouped: [Grouped], _ records: [SegmentContents.Record], segment: UInt32) {
        guard !grouped.isEmpty else { return }
        var woken: [CheckedContinuation<Void, Never>] = []
        woken = self.core.state.withLock { state in
            var woken: [CheckedContinuation<Void, Never>] = []
            for (item, record) in zip(grouped, records) {
                let entry = IndexEntry(
                    offset: record.offset, segment: segment, position: record.position, length: record.length,
                    seconds: UInt32(clamping: record.timestamp / 1000))
                state.publish(entry, partition: item.ticket.records[item.index].partition, waking: &woken)
            }
            return woken
        }
        for item in grouped where item.index == item.ticket.records.count - 1 && !item.ticket.isFailed {
            item.ticket.continuation.resume(returning: item.ticket.offsets)
        }
        for waiter in woken { waiter.resume() }
    }

    // MARK: failure

    /// Fails what waits first, because no segment can be had.
    private func failFirst(_ error: any Error) {
        guard let request = self.requests.popFirst() else { return }
        let failure = Self.unavailable(error)
        switch request {
        case .produce(let ticket): ticket.continuation.resume(throwing: failure)
        case .commit(_, _, let continuation): continuation.resume(throwing: failure)
        case .synchronize: Self.answer(request, failure)
        }
    }

    /// Fails a group and leaves its segment.
    private func fail(_ grouped: [Grouped], _ commits: [GroupedCommit], _ barriers: [WriteQueue.Request], _ error: any Error) {
        self.failuresInARow += 1
        self.abandon()
        let failure = Self.unavailable(error)
        for item in grouped where !item.ticket.isFailed {
            item.ticket.isFailed = true
            item.ticket.continuation.resume(throwing: failure)
        }
        // A call of which a part is still in the queue has been answered.
        if case .produce(let ticket)? = self.requests.first, ticket.isFailed { self.requests.removeFirst() }
        for commit in commits { commit.continuation.resume(throwing: failure) }
        for barrier in barriers { Self.answer(barrier, failure) }
    }

    private func abandon() {
        guard let active = self.active else { return }
        self.active = nil
        let now = self.core.configuration.now()
        self.core.state.withLock { $0.seal(active.segment, length: UInt32(active.synced), records: active.records, at: now) }
    }

    private static func answer(_ barrier: WriteQueue.Request, _ error: (any Error)?) {
        guard case .synchronize(let report) = barrier else { return }
        report(error)
    }

    private static func unavailable(_ error: any Error) -> BusError {
        if let error = error as? BusError { return error }
        return BusError(.unavailable, "the bus cannot write its segments: \(error)", cause: error)
    }

    // MARK: segments

    /// Finishes the active segment and begins the next with a checkpoint.
    private func roll() throws {
        guard self.failuresInARow < Self.failuresAllowed else {
            self.core.state.withLock { $0.hasFailed = true }
            throw BusError(.unavailable, "writing failed \(self.failuresInARow) times in a row; look at the disk and start again")
        }
        if let active = self.active, active.position > active.synced, self.core.configuration.syncOnAcknowledge {
            do {
                // Commits at the end; the records are durable already.
                try self.synchronize(active.file)
                self.active?.synced = active.position
            } catch {
                self.failuresInARow += 1
                self.abandon()
                throw error
            }
        }
        let (segment, file) = try self.core.openHotSegment()
        let now = self.core.configuration.now()
        let previous = self.active
        let checkpoint = self.core.state.withLock { state in
            if let previous { state.seal(previous.segment, length: UInt32(previous.position), records: previous.records, at: now) }
            return state.checkpoint().encoded()
        }
        self.active = nil
        if previous != nil { self.core.maintenance.signal() }
        guard checkpoint.count <= self.core.configuration.segmentBytes / 4 else {
            throw BusError(.unavailable, "topics, partitions and groups are too many for segments of this size; make segments larger")
        }
        var bytes = [UInt8](repeating: 0, count: FrameHeader.frameLength(payload: checkpoint.count))
        bytes.withUnsafeMutableBytes { bytes in
            let checksum = checkpoint.withUnsafeBytes {
                FrameHeader.checksum(key: UnsafeRawBufferPointer(start: nil, count: 0), value: $0)
            }
            FrameHeader(
                kind: .checkpoint, synced: 0, payloadLength: checkpoint.count, payloadChecksum: checksum
            ).encode(into: bytes.baseAddress!, segment: segment)
            checkpoint.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: bytes[FrameHeader.size...]).copyMemory(from: $0) }
        }
        do {
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        } catch {
            self.failuresInARow += 1
            self.core.state.withLock { $0.seal(segment, length: 0, records: [], at: now) }
            throw error
        }
        self.active = Active(segment: segment, file: file, position: bytes.count, synced: 0)
    }
}
