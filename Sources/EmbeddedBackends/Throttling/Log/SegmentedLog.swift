internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// An append-only log in numbered files, written in groups by one thread of its own.
///
/// A record's completion is called after write(2), so the record outlives the process, and is synced within about a second on another
/// thread, so that it soon outlives the machine as well; writers never wait for the disk. Whoever appends pays for one lock and a copy
/// of the bytes. Records of one log are written, and their completions called, in the order in which they were appended.
///
/// A record that a crash cut short ends the log when it is opened again; its completion was never called.
final class SegmentedLog: Sendable {
    typealias Completion = @Sendable (Result<LogPosition, any Error>) -> Void

    struct Configuration: Sendable {
        /// The folder, and how the files' names begin.
        var folder: String
        var name: String
        /// A new segment is begun above this size…
        var segmentBytes: Int
        /// …and after this time, if there is anything to write.
        var segmentSeconds: Int64
        /// The most bytes that wait to be written; above it, appending fails.
        var maximumQueuedBytes = 64 << 20
        /// How long a written record may stay unsynced, about.
        var syncDelay: TimeAmount = .seconds(1)
    }

    /// What the log tells its owner, always on its writer thread.
    struct Hooks: Sendable {
        /// Makes the first record of a new segment, or nil for none.
        var segmentHeader: (@Sendable () -> [UInt8]?)?
        /// A segment of this log was ended; a later one is being written.
        var segmentEnded: (@Sendable (SegmentedLog, UInt32) -> Void)?
    }

    private struct Pending {
        let payload: [UInt8]
        let completion: Completion?
    }

    private struct State {
        var queue: [Pending] = []
        var queuedBytes = 0
        var isDraining = false
        var isSyncScheduled = false
        var isClosed = false
        /// Taken out for the time of a drain.
        var writer: Writer?
        /// Segments with bytes that may not be synced, the one being written last.
        var unsynced: [LogSegment] = []
    }

    /// What the writer thread works with. It takes it out of the shared state while it writes, so that no lock is held meanwhile.
    private struct Writer {
        var segment: LogSegment
        var size: Int
        var openedAt: Int64
        /// Set when what the file holds is unknown: the next write begins a new segment.
        var isBroken = false
    }

    /// The segment that this opening of the log began with; those before it are ended.
    let firstSegment: UInt32
    private let configuration: Configuration
    private let hooks: Hooks
    private let logger: Logger
    private let state = Mutex(State())
    private let writerThread = NIOThreadPool(numberOfThreads: 1)
    private let syncThread = NIOThreadPool(numberOfThreads: 1)

    /// Opens a log, reads what it holds, and gets ready to append.
    ///
    /// Blocks, for as long as reading takes.
    ///
    /// - Parameter replay: is given every record's payload, oldest first.
    /// - Throws: ``DiskError``.
    init(
        _ configuration: Configuration, hooks: Hooks, logger: Logger, replay: (ArraySlice<UInt8>, LogPosition) throws -> Void
    ) throws {
        self.configuration = configuration
        self.hooks = hooks
        self.logger = logger
        let numbers = try Self.segments(configuration)
        for number in numbers {
            let path = Self.path(configuration, number)
            let bytes = try DiskFile.contents(of: path, limit: 4 << 30)
            if bytes.isEmpty {
                // A run that wrote nothing.
                try DiskFile.remove(path)
                continue
            }
            var offset = 0
            while let payload = LogFrame.payload(in: bytes, at: offset) {
                try replay(bytes[payload], LogPosition(segment: number, offset: UInt32(offset)))
                offset = payload.upperBound
            }
            guard offset < bytes.count else { continue }
            // What follows a torn record cannot be trusted. Cut it, so that the log reads the same next time.
            logger.notice(
                "a log ends in an incomplete record, as after a crash",
                metadata: ["file": "\(path)", "offset": "\(offset)", "dropped-bytes": "\(bytes.count - offset)"]
            )
            try DiskFile(path, O_WRONLY).truncate(to: offset)
        }
        // Always a new segment: the ones read stay as they are.
        let segment = try Self.makeSegment(configuration, number: (numbers.last ?? 0) + 1)
        self.firstSegment = segment.number
        var writer = Writer(segment: segment, size: 0, openedAt: Self.monotonicSeconds())
        try Self.writeHeader(hooks, &writer)
        self.state.withLock { state in
            state.unsynced = [segment]
            state.writer = writer
        }
        self.writerThread.start()
        self.syncThread.start()
    }

    /// The numbers of the segments on disk, oldest first, with the one being written.
    func segments() throws -> [UInt32] {
        try Self.segments(self.configuration)
    }

    /// Appends a record.
    ///
    /// It only takes a place in the queue, so callers may hold a lock of theirs around it to fix the order of records.
    ///
    /// - Parameters:
    ///   - payload: the bytes.
    ///   - completion: called on the log's thread once the record is written, or could not be.
    /// - Throws: ``ThrottlingLogError`` when the record was not taken; the completion is not called then.
    func append(_ payload: [UInt8], completion: Completion? = nil) throws(ThrottlingLogError) {
        enum Answer { case drain, queued, closed, full }
        let answer: Answer = self.state.withLock { state in
            guard !state.isClosed else { return .closed }
            guard state.queuedBytes + payload.count <= self.configuration.maximumQueuedBytes || state.queue.isEmpty else { return .full }
            state.queue.append(Pending(payload: payload, completion: completion))
            state.queuedBytes += payload.count
            guard !state.isDraining else { return .queued }
            state.isDraining = true
            return .drain
        }
        switch answer {
        case .drain: self.writerThread.submit { _ in self.drain() }
        case .queued: break
        case .closed: throw .closed
        case .full: throw .full
        }
    }

    /// Runs a job on the thread that syncs: for reading and removing segments. It is told whether the log is open still, and must not
    /// touch files when it is not.
    func maintain(_ job: @escaping @Sendable (_ isOpen: Bool) -> Void) {
        self.syncThread.submit { state in job(state == .active) }
    }

    /// Reads one record. Blocks: for ``maintain(_:)``.
    ///
    /// - Returns: nil when there is no undamaged record.
    func read(at position: LogPosition) throws -> [UInt8]? {
        let file = try DiskFile(Self.path(self.configuration, position.segment), O_RDONLY)
        var header = LogReader(try file.read(at: Int(position.offset), count: LogFrame.headerBytes)[...])
        guard let length = header.integer(UInt32.self), let checksum = header.integer(UInt32.self), length <= LogFrame.maximumPayload,
            case let payload = try file.read(at: Int(position.offset) + LogFrame.headerBytes, count: Int(length)),
            payload.count == Int(length), CRC32C.checksum(payload) == checksum
        else { return nil }
        return payload
    }

    /// Reads the records of an ended segment. Blocks: for ``maintain(_:)``.
    func read(segment number: UInt32, _ body: (ArraySlice<UInt8>, LogPosition) throws -> Void) throws {
        let bytes = try DiskFile.contents(of: Self.path(self.configuration, number), limit: 4 << 30)
        var offset = 0
        while let payload = LogFrame.payload(in: bytes, at: offset) {
            try body(bytes[payload], LogPosition(segment: number, offset: UInt32(offset)))
            offset = payload.upperBound
        }
    }

    /// Removes an ended segment, after everything written until now is synced. Blocks: for ``maintain(_:)``.
    func remove(segment number: UInt32) throws {
        try self.synchronize()
        try DiskFile.remove(Self.path(self.configuration, number))
    }

    /// The bytes of a segment; 0 when it is gone.
    func size(segment number: UInt32) -> Int {
        (try? DiskFile(Self.path(self.configuration, number), O_RDONLY).size()) ?? 0
    }

    /// Writes what waits, syncs it, and ends the log's threads. Idempotent.
    func close() async {
        let wasClosed = self.state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed else { return }
        // Behind the drain that may be under way, on its thread; also when the task that closes is cancelled.
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            self.writerThread.submit { _ in
                self.drain()
                continuation.resume()
            }
        }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            self.syncThread.submit { _ in
                do {
                    try self.synchronize()
                } catch {
                    self.logger.error("a log cannot be synced", metadata: ["log": "\(self.configuration.name)", "error": "\(error)"])
                }
                continuation.resume()
            }
        }
        try? await self.writerThread.shutdownGracefully()
        try? await self.syncThread.shutdownGracefully()
    }
}

extension SegmentedLog {
    private func drain() {
        guard var writer = self.state.withLock({ $0.writer.take() }) else { return }
        while true {
            let batch: [Pending] = self.state.withLock { state in
                let batch = state.queue
                state.queue = []
                state.queuedBytes = 0
                if batch.isEmpty {
                    state.isDraining = false
                    state.writer = writer
                }
                return batch
            }
            guard !batch.isEmpty else { return }
            let results = self.write(batch, &writer)
            for (pending, result) in zip(batch, results) { pending.completion?(result) }
            self.scheduleSync()
        }
    }

    private func write(_ batch: [Pending], _ writer: inout Writer) -> [Result<LogPosition, any Error>] {
        do throws(DiskError) {
            let age = Self.monotonicSeconds() - writer.openedAt
            if writer.isBroken || writer.size >= self.configuration.segmentBytes
                || (age >= self.configuration.segmentSeconds && writer.size > 0)
            {
                try self.beginSegment(&writer)
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(batch.reduce(0) { $0 + $1.payload.count + LogFrame.headerBytes })
            var positions: [Result<LogPosition, any Error>] = []
            positions.reserveCapacity(batch.count)
            for pending in batch {
                positions.append(.success(LogPosition(segment: writer.segment.number, offset: UInt32(writer.size + bytes.count))))
                LogFrame.append(pending.payload, to: &bytes)
            }
            do throws(DiskError) {
                try writer.segment.file.write(bytes.span.bytes)
            } catch {
                // A part may be there: cut it, or leave this segment behind.
                do throws(DiskError) {
                    try writer.segment.file.truncate(to: writer.size)
                } catch {
                    writer.isBroken = true
                }
                throw error
            }
            writer.size += bytes.count
            return positions
        } catch {
            self.logger.error("a log cannot be written", metadata: ["log": "\(self.configuration.name)", "error": "\(error)"])
            return batch.map { _ in .failure(error) }
        }
    }

    private func beginSegment(_ writer: inout Writer) throws(DiskError) {
        let ended = writer.segment.number
        let segment = try Self.makeSegment(self.configuration, number: ended + 1)
        var next = Writer(segment: segment, size: 0, openedAt: Self.monotonicSeconds())
        try Self.writeHeader(self.hooks, &next)
        writer = next
        self.state.withLock { $0.unsynced.append(segment) }
        self.hooks.segmentEnded?(self, ended)
    }

    private static func writeHeader(_ hooks: Hooks, _ writer: inout Writer) throws(DiskError) {
        guard let payload = hooks.segmentHeader?() else { return }
        var bytes: [UInt8] = []
        LogFrame.append(payload, to: &bytes)
        try writer.segment.file.write(bytes.span.bytes)
        writer.size = bytes.count
    }

    private func scheduleSync() {
        let isNew = self.state.withLock { state in
            defer { state.isSyncScheduled = true }
            return !state.isSyncScheduled && !state.isClosed
        }
        guard isNew else { return }
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: self.configuration.syncDelay) {
            self.maintain { isOpen in
                guard isOpen else { return }
                self.state.withLock { $0.isSyncScheduled = false }
                do {
                    try self.synchronize()
                } catch {
                    self.logger.error("a log cannot be synced", metadata: ["log": "\(self.configuration.name)", "error": "\(error)"])
                }
            }
        }
    }

    private func synchronize() throws {
        let segments = self.state.withLock { $0.unsynced }
        for segment in segments { try segment.file.synchronize() }
        if segments.count > 1 || segments.first?.number == 1 { try DiskFile.synchronizeDirectory(self.configuration.folder) }
        // The newest goes on being written, and is synced again.
        self.state.withLock { state in
            let newest = state.unsynced.last
            state.unsynced.removeAll { old in old !== newest && segments.contains { $0 === old } }
        }
    }

    private static func makeSegment(_ configuration: Configuration, number: UInt32) throws(DiskError) -> LogSegment {
        try LogSegment(number: number, path: Self.path(configuration, number))
    }

    private static func path(_ configuration: Configuration, _ number: UInt32) -> String {
        let digits = String(number)
        return "\(configuration.folder)/\(configuration.name)-\(String(repeating: "0", count: 10 - digits.utf8.count))\(digits).log"
    }

    private static func segments(_ configuration: Configuration) throws(DiskError) -> [UInt32] {
        try DiskFile.names(in: configuration.folder).compactMap { name in
            guard name.hasPrefix(configuration.name + "-"), name.hasSuffix(".log") else { return nil }
            return UInt32(name.dropFirst(configuration.name.count + 1).dropLast(4))
        }.sorted()
    }

    private static func monotonicSeconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }
}
