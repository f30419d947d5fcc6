import ApusCore
import Backends
import NIOCore
import NIOPosix
import Synchronization

/// Gets batches for a fetcher: choose under the lock, read on a reader thread, hand out what still counts.
struct BusFetching: Sendable {
    /// Places closer than this are read together.
    private static let largestGap = 32 << 10
    /// What one read asks for at most, unless one record is larger.
    private static let largestRead = 1 << 20

    let core: BusCore
    let fetcher: Int

    /// The next batch; nil when closed, cancelled, or at the end of a bounded read.
    func next() async throws -> [BusRecord]? {
        while true {
            if Task.isCancelled { return nil }
            switch self.core.state.withLock({ $0.select(self.fetcher) }) {
            case .closed, .finished:
                return nil
            case .empty:
                await self.wait()
            case .read(let selections):
                if let records = try await self.read(selections) { return records }
            }
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = self.core.state.withLock { state in
                    guard !Task.isCancelled, state.fetchers[self.fetcher]?.waiter == nil, state.mustWait(self.fetcher) else {
                        return false
                    }
                    state.fetchers[self.fetcher]?.waiter = continuation
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            self.core.state.withLock { $0.takeWaiter(self.fetcher) }?.resume()
        }
    }

    /// nil when everything was called back meanwhile, or the task was cancelled.
    private func read(_ selections: [Fetcher.Selection]) async throws -> [BusRecord]? {
        let topicPartitions = self.core.state.withLock { state in selections.map { state.partitions[$0.partition].topicPartition } }
        let result: Result<[BusRecord], any Error>
        do {
            result = .success(
                try await self.core.readers.runIfActive { try Self.records(of: selections, topicPartitions, folder: self.core.folder) })
        } catch {
            result = .failure(error)
        }
        let isRead = if case .success = result { true } else { false }
        let isDelivered = isRead && !Task.isCancelled
        let mayDeliver = self.core.state.withLock {
            $0.finishRead(selections, fetcher: self.fetcher, isDelivered: isDelivered)
        }
        switch result {
        case .success(let records):
            let delivered = zip(records, mayDeliver).compactMap { $1 ? $0 : nil }
            return delivered.isEmpty ? nil : delivered
        case .failure(let error as BusError):
            throw error
        case .failure(let error):
            throw BusError(.unavailable, "the bus cannot read its segments: \(error)", cause: error)
        }
    }

    /// Reads the selected frames with few calls and checks each.
    private static func records(
        of selections: [Fetcher.Selection], _ topicPartitions: [TopicPartition], folder: BusFolder
    ) throws -> [BusRecord] {
        let order = selections.indices.sorted {
            let (left, right) = (selections[$0].entry, selections[$1].entry)
            return (left.segment, left.position) < (right.segment, right.position)
        }
        var records = [BusRecord?](repeating: nil, count: selections.count)
        var place = 0
        while place < order.count {
            let first = selections[order[place]]
            let start = Int(first.entry.position)
            var end = start + Int(first.entry.length)
            var last = place
            while last + 1 < order.count {
                let next = selections[order[last + 1]].entry
                guard next.segment == first.entry.segment, Int(next.position) - end <= Self.largestGap,
                    Int(next.position) + Int(next.length) - start <= Self.largestRead
                else { break }
                end = max(end, Int(next.position) + Int(next.length))
                last += 1
            }
            let chunk = try first.file.read(at: start, count: end - start)
            for index in order[place...last] {
                let selection = selections[index]
                records[index] = try Self.record(selection.entry, in: chunk, from: start, topicPartitions[index], folder)
            }
            place = last + 1
        }
        return records.compactMap { $0 }
    }

    private static func record(
        _ entry: IndexEntry, in chunk: ByteBuffer, from start: Int, _ topicPartition: TopicPartition, _ folder: BusFolder
    ) throws -> BusRecord {
        let position = Int(entry.position) - start
        let header = chunk.withUnsafeReadableBytes {
            SegmentContents.frame(in: $0, at: position, segment: entry.segment)?.header
        }
        guard let header, header.kind == .record, header.offset == entry.offset,
            let key = chunk.getBytes(at: chunk.readerIndex + position + FrameHeader.size, length: Int(header.keyLength)),
            let value = chunk.getSlice(
                at: chunk.readerIndex + position + FrameHeader.size + Int(header.keyLength),
                length: Int(header.payloadLength) - Int(header.keyLength))
        else {
            throw BusError(
                .corrupt,
                "segment \(entry.segment) in \(folder.path) is damaged at byte \(entry.position): offset \(entry.offset) of partition "
                    + "\(topicPartition.partition) of \(topicPartition.topic) cannot be read. Restore the data folder from a copy, or "
                    + "commit past that offset to give the record up")
        }
        return BusRecord(
            position: RecordPosition(topicPartition: topicPartition, offset: entry.offset),
            appendedAt: .init(header.timestamp), key: key, value: value)
    }
}
