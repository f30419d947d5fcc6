/// The reading side of a consumer or reader, kept in ``BusState``.
struct Fetcher: Sendable {
    /// A place in one partition.
    struct Cursor: Sendable {
        /// The next offset to give.
        var next: Int64
        /// Where reading without following ends; nil to go on.
        var limit: Int64?
        /// Set by the caller.
        var isPaused = false
        /// Set while the partition comes or goes.
        var isHeld = false
        /// The first offset of a read under way.
        var inFlight: Int64?
        /// Rises when a read under way must not be delivered.
        var epoch = 0

        /// Makes a read under way not count.
        mutating func recall() {
            if let inFlight { self.next = inFlight }
            self.inFlight = nil
            self.epoch += 1
        }
    }

    let maximumRecords: Int
    let maximumBytes: Int
    /// By partition index.
    var cursors: [Int: Cursor] = [:]
    /// The keys of ``cursors``, sorted, so that each gets its turn.
    var order: [Int] = []
    /// The place in ``order`` where the next batch begins.
    var turn = 0
    var waiter: CheckedContinuation<Void, Never>?

    /// What to do next.
    enum Step: Sendable {
        case closed
        /// Every cursor is at its limit.
        case finished
        case empty
        case read([Selection])
    }

    /// A record to be read.
    struct Selection: Sendable {
        var partition: Int
        var epoch: Int
        var entry: IndexEntry
        var file: SegmentFile
    }
}
