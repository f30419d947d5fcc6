import DequeModule

/// Turns completions in any order into contiguous commits, for one partition.
///
/// Records are registered in the order they were read and completed in any order; ``commitOffset`` is the offset below which
/// everything is complete. Pure state, no locks: its owner confines it.
package struct OffsetTracker: Sendable {
    private struct Entry {
        var offset: Int64
        var isComplete: Bool
    }

    private var entries: Deque<Entry> = []
    private var highest: Int64 = -1
    private var committable: Int64?

    package init() {}

    /// How many registered records are not yet below ``commitOffset``.
    package var pending: Int { self.entries.count }

    /// The oldest record that is not complete; nil when there is none.
    package var head: Int64? { self.entries.first?.offset }

    /// The offset in the middle of what is not yet below ``commitOffset``; nil when there is nothing.
    package var middle: Int64? { self.entries.isEmpty ? nil : self.entries[(self.entries.count - 1) / 2].offset }

    /// The offset to commit, or nil when nothing was completed since ``takeCommit()``.
    package var commitOffset: Int64? { self.committable }

    /// Registers a record that was read.
    ///
    /// - Returns: false, changing nothing, when the offset is not above every one registered before: the record is already tracked
    ///   or done and was read again.
    package mutating func register(_ offset: Int64) -> Bool {
        guard offset > self.highest else { return false }
        self.highest = offset
        self.entries.append(Entry(offset: offset, isComplete: false))
        return true
    }

    /// Marks a registered record complete. An offset that is not tracked (completed before, or of an earlier ownership) is ignored.
    package mutating func complete(_ offset: Int64) {
        guard let index = self.index(of: offset) else { return }
        self.entries[index].isComplete = true
        while let first = self.entries.first, first.isComplete {
            self.committable = first.offset + 1
            self.entries.removeFirst()
        }
    }

    /// The offset to commit, given once.
    package mutating func takeCommit() -> Int64? {
        defer { self.committable = nil }
        return self.committable
    }

    private func index(of offset: Int64) -> Int? {
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        guard low < self.entries.count, self.entries[low].offset == offset else { return nil }
        return low
    }
}
