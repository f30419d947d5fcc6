/// A long run in as many points as a chart has room for.
extension LoadReport {
    /// The timeline in at most so many moments, each of as many steps in a row: rates are their mean, what is waiting and percentiles the greatest of them.
    package func timeline(atMost limit: Int) -> [Moment] {
        Self.grouped(timeline, atMost: limit) { group in
            var moment = group[group.endIndex - 1]
            let count = Double(group.count)
            moment.accepted = group.reduce(0) { $0 + $1.accepted } / count
            moment.delivered = group.reduce(0) { $0 + $1.delivered } / count
            moment.deferred = group.reduce(0) { $0 + $1.deferred } / count
            moment.waiting = group.map(\.waiting).max() ?? 0
            moment.p50 = group.compactMap(\.p50).max()
            moment.p99 = group.compactMap(\.p99).max()
            return moment
        }
    }

    /// The samples of a process in at most so many: cores are their mean, memory the greatest.
    package static func samples(of process: Process, atMost limit: Int) -> [Process.Sample] {
        grouped(process.samples, atMost: limit) { group in
            var sample = group[group.endIndex - 1]
            sample.cores = group.reduce(0) { $0 + $1.cores } / Double(group.count)
            sample.residentOctets = group.map(\.residentOctets).max() ?? 0
            return sample
        }
    }

    /// Seconds from the first call to the last thing that happened, for the axes of charts.
    package var chartSeconds: Double {
        var end = max(loadSeconds, settledSeconds)
        for at in [timeline.last?.at, processes.compactMap { $0.samples.last?.at }.max(), faults.map { $0.at + $0.seconds }.max()] {
            if let at, at.isFinite { end = max(end, at) }
        }
        return end.isFinite ? end : 0
    }

    private static func grouped<Element>(_ steps: [Element], atMost limit: Int, _ merge: (ArraySlice<Element>) -> Element) -> [Element] {
        let size = (steps.count + limit - 1) / max(limit, 1)
        guard size > 1 else { return steps }
        return stride(from: 0, to: steps.count, by: size).map { merge(steps[$0..<min($0 + size, steps.count)]) }
    }
}
