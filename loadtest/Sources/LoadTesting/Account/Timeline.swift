/// What happened in each second of a run.
package struct Timeline: Sendable {
    private struct Second: Sendable {
        var accepted = 0
        var acceptedRecipients = 0
        var delivered = 0
        var bounced = 0
        var deferred = 0
        /// Milliseconds, until the second is closed.
        var latencies: [Float] = []
        var p50: Float?
        var p99: Float?
    }

    /// Seconds after which no more is expected of one, but counted nevertheless.
    private static let open = 10

    package let begin: Int64
    private var seconds: [Second] = []
    private var closed = 0

    init(begin: Int64) {
        self.begin = begin
    }

    mutating func accepted(at time: Int64, recipients: Int) {
        let second = index(time)
        seconds[second].accepted += 1
        seconds[second].acceptedRecipients += recipients
    }

    mutating func delivered(at time: Int64, nanoseconds: Int64) {
        let second = index(time)
        seconds[second].delivered += 1
        if second >= closed { seconds[second].latencies.append(Float(nanoseconds) / 1e6) }
        while closed < second - Self.open { close() }
    }

    mutating func bounced(at time: Int64) { seconds[index(time)].bounced += 1 }
    mutating func unended(at time: Int64) { seconds[index(time)].bounced -= 1 }
    mutating func deferred(at time: Int64) { seconds[index(time)].deferred += 1 }

    private mutating func index(_ time: Int64) -> Int {
        let second = min(Int(max(time - begin, 0) / 1_000_000_000), 200_000)
        if second >= seconds.count { seconds.append(contentsOf: repeatElement(Second(), count: second + 1 - seconds.count)) }
        return second
    }

    /// Keeps two figures of a second, and lets its latencies go.
    private mutating func close() {
        (seconds[closed].p50, seconds[closed].p99) = Self.figures(seconds[closed].latencies)
        seconds[closed].latencies = []
        closed += 1
    }

    private static func figures(_ latencies: [Float]) -> (Float?, Float?) {
        guard !latencies.isEmpty else { return (nil, nil) }
        let sorted = latencies.sorted()
        return (sorted[sorted.count / 2], sorted[min(Int(Double(sorted.count) * 0.99), sorted.count - 1)])
    }

    /// At most `limit` steps of equal length.
    package func moments(limit: Int = 600) -> [LoadReport.Moment] {
        let step = max((seconds.count + limit - 1) / limit, 1)
        var waiting = 0
        return stride(from: 0, to: seconds.count, by: step).map { start in
            let slice = seconds[start..<min(start + step, seconds.count)]
            var moment = LoadReport.Moment(at: Double(start))
            let length = Double(slice.count)
            moment.accepted = Double(slice.reduce(0) { $0 + $1.accepted }) / length
            moment.delivered = Double(slice.reduce(0) { $0 + $1.delivered }) / length
            moment.deferred = Double(slice.reduce(0) { $0 + $1.deferred }) / length
            waiting += slice.reduce(0) { $0 + $1.acceptedRecipients - $1.delivered - $1.bounced }
            moment.waiting = max(waiting, 0)
            let figures = slice.enumerated().map {
                $0.offset + start < closed ? ($0.element.p50, $0.element.p99) : Self.figures($0.element.latencies)
            }
            // Of several seconds the worst, so that a stall does not vanish in a long run.
            moment.p50 = figures.compactMap(\.0).max().map(Double.init)
            moment.p99 = figures.compactMap(\.1).max().map(Double.init)
            return moment
        }
    }
}
