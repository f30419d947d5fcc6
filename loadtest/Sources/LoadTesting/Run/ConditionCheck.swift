/// Compares what a run found with what its scenario asks for.
package enum ConditionCheck {
    private static let counts: [String: @Sendable (LoadReport) -> Int] = [
        "lost": { $0.recipients.lost }, "doubled": { $0.recipients.doubled }, "altered": { $0.recipients.altered },
        "strangers": { $0.recipients.strangers }, "bounced": { $0.recipients.bounced }, "deferrals": { $0.recipients.deferrals },
        "refused": { $0.messages.refused }, "inDoubt": { $0.messages.inDoubt },
        "partial": { $0.messages.partial ?? 0 },
    ]
    private static let percentiles: [String: @Sendable (LoadReport.Latency) -> Double] = [
        "p50": { $0.p50 }, "p90": { $0.p90 }, "p99": { $0.p99 }, "p999": { $0.p999 }, "max": { $0.maximum },
    ]

    static func isMeasure(_ name: String) -> Bool {
        if counts[name] != nil || ["late", "rate", "misreported"].contains(name) { return true }
        let parts = name.split(separator: ".").map(String.init)
        return parts.count == 2 && LatencyBook.measures.contains(parts[0]) && percentiles[parts[1]] != nil
    }

    /// - Parameter faults: how many were injected.
    static func check(_ conditions: [LoadScenario.Condition], in report: LoadReport) -> [LoadReport.Condition] {
        conditions.map { condition in
            let name = condition.stream.map { "\(condition.measure) of \($0)" } ?? condition.measure
            let isTime = condition.measure.contains(".")
            func text(_ value: Double) -> String { isTime ? ReportNumbers.milliseconds(value) : ReportNumbers.number(value) }
            guard let found = value(condition, in: report) else {
                return LoadReport.Condition(text: name, found: "nothing was measured", held: false)
            }
            var parts: [String] = []
            var held = true
            if let limit = condition.atMost.map({ $0.value + (condition.perFault ?? 0) * Double(report.faults.count) }) {
                parts.append("at most \(text(limit))")
                held = held && found <= limit
            }
            if let limit = condition.atLeast?.value {
                parts.append("at least \(text(limit))")
                held = held && found >= limit
            }
            return LoadReport.Condition(text: "\(name): \(parts.joined(separator: ", "))", found: text(found), held: held)
        }
    }

    private static func value(_ condition: LoadScenario.Condition, in report: LoadReport) -> Double? {
        if let count = counts[condition.measure] { return Double(count(report)) }
        let streams = report.streams.filter { condition.stream == nil || $0.name == condition.stream }
        switch condition.measure {
        case "late": return Double(streams.reduce(0) { $0 + $1.late })
        case "misreported": return report.recipients.misreported.map(Double.init)
        case "rate": return streams.reduce(0) { $0 + $1.rate }
        default:
            let parts = condition.measure.split(separator: ".").map(String.init)
            // A run of one stream keeps no histogram of its own for it.
            let stream = report.streams.count > 1 ? condition.stream : nil
            let latency = report.latencies.first { $0.measure == parts[0] && $0.stream == stream }
            guard let latency, latency.count > 0 else { return nil }
            return percentiles[parts[1]]?(latency)
        }
    }
}
