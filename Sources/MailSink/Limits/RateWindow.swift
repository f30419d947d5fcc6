/// How many events there were since a moment.
struct RateWindow: Sendable {
    private var begin: UInt64 = 0
    private var count = 0

    /// Whether there is room for one more event at the time.
    func hasRoom(_ limit: Int, _ period: UInt64, at time: UInt64) -> Bool {
        count < limit || isOver(period, at: time)
    }

    /// Counts an event; begins a new window when the old one is over.
    mutating func add(_ period: UInt64, at time: UInt64) {
        if isOver(period, at: time) { self = RateWindow(begin: time, count: 0) }
        count += 1
    }

    /// Whether nothing of it counts any more.
    func isOver(_ period: UInt64, at time: UInt64) -> Bool {
        // Another thread may have read the clock a moment later.
        count == 0 || (time > begin && time - begin >= period)
    }
}
