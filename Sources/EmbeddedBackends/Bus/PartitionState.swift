import Backends
import DequeModule

/// What the bus knows of one partition: which records are kept and how far groups have come.
struct PartitionState: Sendable {
    let topicPartition: TopicPartition
    /// The topic's number in frames.
    let topicNumber: UInt32
    /// The kept records by rising offset.
    var entries: Deque<IndexEntry> = []
    /// The offset for the next record that is written. Ahead of ``end`` while a group is being written, and after one that failed:
    /// an offset is never given twice.
    var nextOffset: Int64 = 0
    /// After the last durable record.
    var end: Int64 = 0
    /// The newest time given out, so that times do not fall within a partition.
    var lastTimestamp: Int64 = 0
    /// The bytes of the kept frames.
    var bytes: Int64 = 0
    var committed: [String: Int64] = [:]
    /// The fetchers that have a cursor here.
    var fetchers: [Int] = []

    init(topicPartition: TopicPartition, topicNumber: UInt32) {
        self.topicPartition = topicPartition
        self.topicNumber = topicNumber
    }

    /// The offset of the oldest kept record, or the end.
    var start: Int64 { self.entries.first?.offset ?? self.end }

    /// The index of the first kept record at or above an offset.
    func firstIndex(from offset: Int64) -> Int {
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
