import ApusCore
import Backends
import Dispatch
import NIOCore
import Synchronization

/// Keeps the folder in order, on a thread of its own: index files of finished segments, age limits, reuse of dead segments, moving live
/// records out of mostly dead ones, spare files.
///
/// One record that is never consumed would pin a whole segment, and events that are kept for days lie between mails that live for
/// seconds. Such records are copied once into a cold segment, keeping their offsets, and the segment's blocks are free; a segment is
/// copied when at most half of it is live, so a byte is copied for every byte freed at worst.
final class SegmentMaintenance {
    private struct Cold {
        var segment: UInt32
        var file: SegmentFile
        var position: Int
        var records: [SegmentContents.Record] = []
    }

    private let core: BusCore
    private var cold: Cold?
    private var nextSpare = 0
    /// The number for the next segment at the last pass: when it stands still, the bus is idle.
    private var lastSegment: UInt32 = 0

    init(core: BusCore) {
        self.core = core
    }

    func run() {
        while let waiting = self.core.maintenance.wait(for: self.core.configuration.maintenanceInterval) {
            self.pass()
            for continuation in waiting { continuation.resume() }
        }
    }

    /// One round. A failure leaves things as they are for the next round: everything here can be done later.
    private func pass() {
        self.writeIndexes()
        let now = self.core.configuration.now()
        self.core.state.withLock { $0.dropExpired(now: now) }
        self.reuseDeadSegments()
        while !self.core.maintenance.isClosed, let segment = self.nextToCompact() {
            self.compact(segment)
            self.reuseDeadSegments()
        }
        self.prepareSpares()
    }

    // MARK: index files

    private func writeIndexes() {
        let pending = self.core.state.withLock { state in
            defer { state.pendingIndexes = [] }
            return state.pendingIndexes
        }
        for index in pending {
            let bytes = SegmentIndexFile.encode(segment: index.segment, length: index.length, records: index.records)
            let path = self.core.folder.indexPath(index.segment)
            do {
                let file = try SegmentFile(path: path, create: true)
                try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            } catch {
                self.core.folder.remove(path)
            }
        }
    }

    // MARK: reuse

    private func reuseDeadSegments() {
        if let cold = self.cold, cold.position > 0, self.core.state.withLock({ $0.segments[cold.segment]?.liveBytes }) == 0 {
            try? self.sealCold(cold)
        }
        let hasDead = self.core.state.withLock { $0.hasDead }
        // What says that the records are done must be durable before their bytes are overwritten.
        guard hasDead, self.synchronizeCommits() else { return }
        let spareLimit = self.core.configuration.spareSegments
        let dead = self.core.state.withLock { $0.takeDead() }
        for (segment, state) in dead {
            let path = self.core.folder.segmentPath(segment, state.kind)
            self.core.folder.remove(self.core.folder.indexPath(segment))
            // A file that is being read is not overwritten; its blocks go when the reader lets go.
            let spares = self.core.state.withLock { $0.spares.count }
            // Only a hot segment's number is never given again: the next one exists before it dies. The frames of a cold one could
            // come back under their own number.
            guard state.kind == .hot, state.pins == 0, spares < spareLimit, (try? state.file.size()) == self.core.configuration.segmentBytes,
                let name = self.rename(path)
            else {
                self.core.folder.remove(path)
                continue
            }
            self.core.state.withLock { $0.spares.append(name) }
        }
    }

    private func rename(_ path: String) -> String? {
        let name = self.spareName()
        do {
            try self.core.folder.rename(path, to: self.core.folder.file(name))
            return name
        } catch {
            return nil
        }
    }

    private func spareName() -> String {
        let taken = Set((try? self.core.folder.spares()) ?? [])
        repeat { self.nextSpare += 1 } while taken.contains("\(self.nextSpare).spare")
        return "\(self.nextSpare).spare"
    }

    private func synchronizeCommits() -> Bool {
        let answer = SyncAnswer()
        guard self.core.queue.add(.synchronize { error in answer.give(isDone: error == nil) }) else { return false }
        return answer.wait()
    }

    // MARK: compaction

    private func nextToCompact() -> UInt32? {
        let configuration = self.core.configuration
        let latest = configuration.now() + .milliseconds(-configuration.compactionDelay.milliseconds)
        return self.core.state.withLock { $0.mostlyDead(sealedBefore: latest, limit: configuration.segmentBytes / 2) }
    }

    private func compact(_ segment: UInt32) {
        do {
            try self.copyLive(segment)
        } catch {
            // Full or damaged: the records stay where they are, and whoever reads them is told.
            self.core.state.withLock { $0.segments[segment]?.isDamaged = true }
        }
    }

    private func copyLive(_ source: UInt32) throws {
        guard let state = self.core.state.withLock({ $0.segments[source] }) else { return }
        let records = try self.records(of: source, state)
        var moves: [(record: SegmentContents.Record, target: UInt32, position: UInt32)] = []
        for record in records {
            guard self.core.state.withLock({ $0.liveIndex(of: record, in: source) != nil }) else { continue }
            let place = try self.copy(record, from: source, state.file)
            moves.append((record, place.segment, place.position))
            try self.slowDown(Int(record.length))
        }
        try self.finishCopies()
        self.core.state.withLock { state in
            for move in moves { state.move(move.record, from: source, to: move.target, position: move.position) }
        }
    }

    private func records(of segment: UInt32, _ state: SegmentState) throws -> [SegmentContents.Record] {
        let name = self.core.folder.indexPath(segment).split(separator: "/").last.map(String.init) ?? ""
        if let bytes = try self.core.folder.readSmallFile(name),
            let records = SegmentIndexFile.decode(bytes, segment: segment, length: state.length)
        {
            return records
        }
        let bytes = try state.file.read(at: 0, count: Int(state.length))
        return try bytes.withUnsafeReadableBytes {
            try SegmentContents(
                scanning: $0, segment: segment, path: self.core.folder.segmentPath(segment, state.kind), sealedLength: state.length)
        }.records
    }

    private func copy(
        _ record: SegmentContents.Record, from source: UInt32, _ file: SegmentFile
    ) throws -> (segment: UInt32, position: UInt32) {
        var bytes = try file.read(at: Int(record.position), count: Int(record.length))
        let decoded = bytes.withUnsafeReadableBytes { SegmentContents.frame(in: $0, at: 0, segment: source)?.header }
        guard var header = decoded else {
            throw BusError(.corrupt, "segment \(source) is damaged at byte \(record.position)")
        }
        if let cold = self.cold, cold.position + bytes.readableBytes + FrameHeader.size > self.core.configuration.segmentBytes {
            try self.sealCold(cold)
        }
        var cold = try self.cold ?? self.openCold()
        header.synced = 0
        bytes.withUnsafeMutableReadableBytes { header.encode(into: $0.baseAddress!, segment: cold.segment) }
        try bytes.withUnsafeReadableBytes { try cold.file.write($0, at: cold.position) }
        let position = UInt32(cold.position)
        var moved = record
        moved.position = position
        cold.records.append(moved)
        cold.position += bytes.readableBytes
        self.cold = cold
        return (cold.segment, position)
    }

    private func openCold() throws -> Cold {
        let segment = self.core.state.withLock { state in
            defer { state.nextSegment += 1 }
            return state.nextSegment
        }
        let file = try self.core.createSegment(segment, .cold, from: nil)
        self.core.state.withLock { $0.segments[segment] = SegmentState(file: file, kind: .cold) }
        let cold = Cold(segment: segment, file: file, position: 0)
        self.cold = cold
        return cold
    }

    private func sealCold(_ cold: Cold) throws {
        self.cold = nil
        let now = self.core.configuration.now()
        defer {
            self.core.state.withLock { $0.seal(cold.segment, length: UInt32(cold.position), records: cold.records, at: now) }
        }
        try cold.file.synchronizeData()
    }

    /// Makes the copies durable; only after this may the index point to them.
    private func finishCopies() throws {
        guard let cold = self.cold else { return }
        do {
            try cold.file.synchronizeData()
            // Says that everything before it was synced, so that damage to it is told from a crash.
            let mark = FrameHeader.end(synced: cold.position)
            var bytes = [UInt8](repeating: 0, count: FrameHeader.size)
            bytes.withUnsafeMutableBytes { mark.encode(into: $0.baseAddress!, segment: cold.segment) }
            try bytes.withUnsafeBytes { try cold.file.write($0, at: cold.position) }
        } catch {
            // Never trusted again; what it holds from earlier is durable.
            self.cold = nil
            let now = self.core.configuration.now()
            self.core.state.withLock { state in
                state.seal(cold.segment, length: UInt32(cold.position), records: cold.records, at: now)
                state.segments[cold.segment]?.isDamaged = true
            }
            throw error
        }
    }

    private func slowDown(_ bytes: Int) throws {
        let rate = self.core.configuration.compactionBytesPerSecond
        guard rate > 0 else { return }
        if self.core.maintenance.isClosed { throw BusError(.closed, "closing") }
        self.owed += Double(bytes) / Double(rate)
        guard self.owed > 0.05 else { return }
        // A semaphore that nobody signals: the pause itself is wanted here.
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + self.owed)
        self.owed = 0
    }

    /// Seconds of pause that the bytes copied so far ask for.
    private var owed = 0.0

    // MARK: spares

    /// Writes the blocks of new spare files, while the bus is otherwise idle; under load, dead segments are the spares.
    private func prepareSpares() {
        let nextSegment = self.core.state.withLock { $0.nextSegment }
        let isIdle = self.lastSegment == 0 || self.lastSegment == nextSegment
        self.lastSegment = nextSegment
        guard isIdle else { return }
        let wanted = min(2, self.core.configuration.spareSegments)
        while !self.core.maintenance.isClosed, self.core.state.withLock({ $0.spares.count }) < wanted, !self.isAtBound() {
            let name = self.spareName()
            let path = self.core.folder.file(name)
            do {
                let file = try SegmentFile(path: path, create: true)
                try file.allocate(self.core.configuration.segmentBytes)
                let zeros = [UInt8](repeating: 0, count: min(1 << 20, self.core.configuration.segmentBytes))
                var position = 0
                while position < self.core.configuration.segmentBytes, !self.core.maintenance.isClosed {
                    let count = min(zeros.count, self.core.configuration.segmentBytes - position)
                    try zeros.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: position) }
                    position += count
                }
                try file.synchronizeData()
                self.core.state.withLock { $0.spares.append(name) }
            } catch {
                self.core.folder.remove(path)
                return
            }
        }
    }

    private func isAtBound() -> Bool {
        guard let maximum = self.core.configuration.maximumBytes else { return false }
        let count = self.core.state.withLock { $0.segments.count + $0.spares.count }
        return Int64(count + 1) * Int64(self.core.configuration.segmentBytes) > maximum
    }
}
