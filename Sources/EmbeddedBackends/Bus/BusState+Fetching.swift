import Backends
import DequeModule

extension BusState {
    mutating func addFetcher(maximumRecords: Int, maximumBytes: Int) -> Int {
        self.nextFetcher += 1
        self.fetchers[self.nextFetcher] = Fetcher(maximumRecords: maximumRecords, maximumBytes: maximumBytes)
        return self.nextFetcher
    }

    mutating func addCursor(_ cursor: Fetcher.Cursor, fetcher: Int, partition: Int) {
        let order = ((self.fetchers[fetcher]?.order ?? []) + [partition]).sorted()
        self.fetchers[fetcher]?.cursors[partition] = cursor
        self.fetchers[fetcher]?.order = order
        self.partitions[partition].fetchers.append(fetcher)
    }

    mutating func removeCursor(fetcher: Int, partition: Int) {
        self.fetchers[fetcher]?.cursors[partition] = nil
        self.fetchers[fetcher]?.order.removeAll { $0 == partition }
        self.partitions[partition].fetchers.removeAll { $0 == fetcher }
    }

    /// Takes a fetcher's waiter, to be resumed after the lock is released.
    mutating func takeWaiter(_ fetcher: Int) -> CheckedContinuation<Void, Never>? {
        defer { self.fetchers[fetcher]?.waiter = nil }
        return self.fetchers[fetcher]?.waiter
    }

    /// Ends a fetcher; its waiter is to be resumed.
    mutating func closeFetcher(_ id: Int) -> CheckedContinuation<Void, Never>? {
        for partition in self.fetchers[id]?.order ?? [] { self.partitions[partition].fetchers.removeAll { $0 == id } }
        let waiter = self.takeWaiter(id)
        self.fetchers[id] = nil
        return waiter
    }

    /// True when a fetcher has nothing to do but wait.
    func mustWait(_ id: Int) -> Bool {
        guard let fetcher = self.fetchers[id] else { return false }
        var isFinished = !fetcher.order.isEmpty
        for (partition, cursor) in fetcher.cursors {
            if let limit = cursor.limit {
                if cursor.next < limit { return false }
                continue
            }
            isFinished = false
            if !cursor.isPaused, !cursor.isHeld, self.hasRecord(partition, from: cursor.next) { return false }
        }
        return !isFinished
    }

    /// Chooses the next batch and moves the cursors past it; its files are pinned until ``finishRead(_:fetcher:isDelivered:)``.
    mutating func select(_ id: Int) -> Fetcher.Step {
        guard var fetcher = self.fetchers[id] else { return .closed }
        var selections: [Fetcher.Selection] = []
        var bytes = 0
        var isFinished = !fetcher.order.isEmpty
        let count = fetcher.order.count
        fetcher.turn = count == 0 ? 0 : (fetcher.turn + 1) % count
        batch: for step in 0..<count {
            let partition = fetcher.order[(fetcher.turn + step) % count]
            guard var cursor = fetcher.cursors[partition] else { continue }
            if let limit = cursor.limit, cursor.next >= limit { continue }
            guard !cursor.isPaused, !cursor.isHeld else {
                isFinished = false
                continue
            }
            let first = cursor.next
            var index = self.partitions[partition].firstIndex(from: first)
            var isFull = false
            while index < self.partitions[partition].entries.count {
                let entry = self.partitions[partition].entries[index]
                if let limit = cursor.limit, entry.offset >= limit { break }
                isFull =
                    selections.count >= fetcher.maximumRecords
                    || (!selections.isEmpty && bytes + Int(entry.length) > fetcher.maximumBytes)
                guard !isFull, let file = self.segments[entry.segment]?.file else { break }
                selections.append(Fetcher.Selection(partition: partition, epoch: cursor.epoch, entry: entry, file: file))
                self.segments[entry.segment]?.pins += 1
                bytes += Int(entry.length)
                cursor.next = entry.offset + 1
                index += 1
            }
            if cursor.next != first { cursor.inFlight = first }
            // The records up to the limit may have been dropped meanwhile.
            if let limit = cursor.limit, !isFull { cursor.next = max(cursor.next, limit) }
            if cursor.limit == nil || isFull { isFinished = false }
            fetcher.cursors[partition] = cursor
            if isFull { break batch }
        }
        self.fetchers[id] = fetcher
        if !selections.isEmpty { return .read(selections) }
        return isFinished ? .finished : .empty
    }

    /// Unpins what was read.
    ///
    /// - Parameter isDelivered: false when the records were not handed out, and come again.
    /// - Returns: for each selection whether its record may be handed out.
    mutating func finishRead(_ selections: [Fetcher.Selection], fetcher id: Int, isDelivered: Bool) -> [Bool] {
        var mayDeliver: [Bool] = []
        mayDeliver.reserveCapacity(selections.count)
        for selection in selections {
            self.segments[selection.entry.segment]?.pins -= 1
            mayDeliver.append(isDelivered && self.fetchers[id]?.cursors[selection.partition]?.epoch == selection.epoch)
        }
        for partition in Set(selections.map(\.partition)) {
            if !isDelivered { self.fetchers[id]?.cursors[partition]?.recall() }
            self.fetchers[id]?.cursors[partition]?.inFlight = nil
        }
        return mayDeliver
    }

    private func hasRecord(_ partition: Int, from offset: Int64) -> Bool {
        guard let last = self.partitions[partition].entries.last else { return false }
        return last.offset >= offset
    }
}
