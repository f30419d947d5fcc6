/// How one stream went.
package struct StreamAccount: Sendable {
    /// The share of late calls above which a stream fell behind.
    static let toleratedShare = 0.001
    /// How far the rate may be from the one asked for.
    static let toleratedRate = 0.97

    package let stream: LoadStream
    package var sent = 0
    package var accepted = 0
    package var delivered = 0
    package var late = 0
    package var lateWaiting = 0
    package var latest: Int64 = 0
    package var first: Int64 = .max
    package var last: Int64 = 0
    package var lastScheduled: Int64 = 0

    package init(_ stream: LoadStream) {
        self.stream = stream
    }

    package mutating func add(_ record: SentRecord) {
        sent += 1
        if record.outcome == .accepted { accepted += 1 }
        first = min(first, record.scheduled)
        last = max(last, record.began)
        lastScheduled = max(lastScheduled, record.scheduled)
        let lateness = record.began - record.scheduled
        latest = max(latest, lateness)
        if lateness > LoadProgress.lateNanoseconds {
            late += 1
            if record.flags.contains(.waitedForConnection) { lateWaiting += 1 }
        }
    }

    /// Calls begun a second.
    package var rate: Double { last > first ? Double(sent) / (Double(last - first) / 1e9) : Double(sent) }

    /// Why the asked rate was not kept; nil in a closed loop and when it was.
    package var fellBehind: String? {
        guard let asked = stream.rate, sent > 0 else { return nil }
        let share = Double(late) / Double(sent)
        let planned = lastScheduled > first ? Double(sent) / (Double(lastScheduled - first) / 1e9) : asked
        // An open loop's calls are late or they are not; the mean rate alone would hide a stall that was caught up.
        guard share > Self.toleratedShare || (sent > 100 && planned < asked * Self.toleratedRate && stream.arrivals == .even) else { return nil }
        let cause =
            lateWaiting * 2 > late
            ? "all \(stream.concurrency) connections were busy: the system did not take them at this rate"
            : "the generator itself was late: its figures are not those of the asked rate"
        return "\(late) of \(sent) calls began more than 100 ms late, the latest by \(latest / 1_000_000) ms; \(cause)"
    }

    package var report: LoadReport.Stream {
        LoadReport.Stream(
            name: stream.name, loop: stream.loop, sent: sent, accepted: accepted, askedRate: stream.rate, rate: rate,
            late: stream.rate == nil ? 0 : late,
            latestMilliseconds: stream.rate == nil ? 0 : Double(latest) / 1e6, fellBehind: fellBehind)
    }
}
