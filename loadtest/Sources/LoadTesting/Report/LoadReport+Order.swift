/// The order in which a report is read.
extension LoadReport {
    /// Distributions by measure, in each that of all streams first. Of a run with one stream only that: the other is the same.
    package var latencyRows: [Latency] {
        let measures = latencies.reduce(into: [String]()) { if !$0.contains($1.measure) { $0.append($1.measure) } }
        return measures.flatMap { measure in
            let all = latencies.filter { $0.measure == measure }
            let whole = all.filter { $0.stream == nil }
            return whole.isEmpty || all.count - whole.count > 1 ? whole + all.filter { $0.stream != nil } : whole
        }
    }

    /// Faults by time, numbered from 1.
    package var faultsInOrder: [(number: Int, fault: Fault)] {
        faults.sorted { $0.at < $1.at }.enumerated().map { ($0.offset + 1, $0.element) }
    }

    /// `16 kill, 2 cut`: how often each kind of fault came, in order of first coming; empty for none.
    package var faultCounts: String {
        var counts: [(action: String, count: Int)] = []
        for (_, fault) in faultsInOrder {
            if let index = counts.firstIndex(where: { $0.action == fault.action }) {
                counts[index].count += 1
            } else {
                counts.append((fault.action, 1))
            }
        }
        return counts.map { "\(ReportNumbers.count($0.count)) \($0.action)" }.joined(separator: ", ")
    }
}

extension LoadReport.Reply {
    /// The code; in words where there was none, which is written as 0.
    package var name: String { code == 0 ? "no answer" : String(code) }
}
