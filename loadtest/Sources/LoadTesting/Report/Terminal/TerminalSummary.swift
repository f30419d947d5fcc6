/// What a run found, in some forty lines of a terminal of 100 columns. No escape codes: it is as good in a file.
///
/// What failed and what must not be overlooked comes first; long lists are cut, as `report.json` and the page have all of it.
package enum TerminalSummary {
    package static func text(_ report: LoadReport) -> String {
        var lines = TerminalText.wrap("\(report.scenario) on \(report.system.name) \(report.system.version)", atMost: 1)
        lines += TerminalText.wrap(report.summary, atMost: 2)
        lines += warnings(report) + [""] + conditions(report) + [""] + accounts(report) + [""]
        for table in [latencies(report), processes(report)] where !table.isEmpty { lines += table + [""] }
        if let cost = report.harnessCost { lines += TerminalText.wrap(cost) }
        lines += TerminalText.field("machine", PageFrame.machine(report.machine), atMost: 2)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func warnings(_ report: LoadReport) -> [String] {
        var lines = report.messages.sent == 0 ? ["", "NOTHING WAS SENT. The figures say nothing of the system."] : []
        let behind = report.streamsBehind.compactMap(\.behindSentence)
        for sentence in behind.prefix(2) { lines += [""] + TerminalText.wrap("THE GENERATOR FELL BEHIND: \(sentence)") }
        if behind.count > 2 { lines.append("So did \(ReportNumbers.counted(behind.count - 2, "other stream")).") }
        return lines
    }

    /// The verdict, each condition that failed, then those that held.
    private static func conditions(_ report: LoadReport) -> [String] {
        let failed = report.failedConditions
        let shown = (failed + report.conditions.filter(\.held)).prefix(max(8, min(failed.count, 12)))
        var lines = [failed.isEmpty ? report.verdict : "FAILED: \(report.verdict)"]
        lines += shown.map { TerminalText.clip("  \($0.held ? "held  " : "FAILED")  \($0.text), found \($0.found)", to: TerminalText.columns) }
        if shown.count < report.conditions.count { lines.append("  and \(report.conditions.count - shown.count) more") }
        return lines
    }

    private static func accounts(_ report: LoadReport) -> [String] {
        let (messages, recipients) = (report.messages, report.recipients)
        let count = ReportNumbers.count
        var lines = TerminalText.field(
            "messages",
            "sent \(count(messages.sent)), accepted \(count(messages.accepted)), refused \(count(messages.refused)), "
                + "in doubt \(count(messages.inDoubt)) (of these \(count(messages.inDoubtDelivered)) arrived\(messages.partial.map { $0 > 0 ? ", \(count($0)) IN PART" : "" } ?? ""))"
        )
        lines += TerminalText.field(
            "recipients",
            "expected \(count(recipients.expected)), delivered \(count(recipients.delivered)), bounced \(count(recipients.bounced)), "
                + "\(recipients.lost > 0 ? "LOST" : "lost") \(count(recipients.lost))"
                + (recipients.held.map { ", the system says that it still holds \(count($0))" } ?? ""))
        lines += TerminalText.field(
            "copies",
            "doubled \(count(recipients.doubled)), altered \(count(recipients.altered)), strangers \(count(recipients.strangers)); "
                + "deferrals \(count(recipients.deferrals))" + (recipients.misreported.map { ", misreported \(count($0))" } ?? ""))
        if !recipients.lostExamples.isEmpty {
            lines += TerminalText.field("", "lost, for example: \(recipients.lostExamples.prefix(4).joined(separator: ", "))", atMost: 1)
        }
        let refusals = report.refusals.sorted { $0.count > $1.count }.prefix(6).map { "\($0.name) \(count($0.count)) times" }
        lines += TerminalText.field("refusals", refusals.joined(separator: ", "), atMost: 1)
        lines += TerminalText.field("faults", report.faultCounts, atMost: 1)
        lines += TerminalText.field(
            "rates",
            "accepted \(ReportNumbers.number(report.acceptedPerSecond)) messages/s, delivered "
                + "\(ReportNumbers.number(report.deliveredPerSecond)) recipients/s")
        return lines
            + TerminalText.field(
                "time", "load \(report.duration)")
    }

    private static func latencies(_ report: LoadReport) -> [String] {
        var table = TerminalTable(["latency", "count", "mean", "p50", "p90", "p99", "p99.9", "max"])
        for latency in rows(report) {
            table.row(
                [latency.stream.map { "\(latency.measure), \($0)" } ?? latency.measure, ReportNumbers.count(latency.count)]
                    + [latency.mean, latency.p50, latency.p90, latency.p99, latency.p999, latency.maximum].map(ReportNumbers.milliseconds))
        }
        return table.lines
    }

    /// Those of all streams, and of single ones as many as there is room for.
    private static func rows(_ report: LoadReport) -> [LoadReport.Latency] {
        let rows = report.latencyRows.filter { $0.count > 0 }
        return rows.count > 8
            ? Array((rows.filter { $0.stream == nil } + rows.filter { $0.stream != nil && $0.measure == "delivery" }).prefix(8)) : rows
    }

    private static func processes(_ report: LoadReport) -> [String] {
        var table = TerminalTable(["process", "part", "CPU time", "CPU/message", "peak memory"], wordColumns: 2)
        for process in report.processes.sorted(by: { $0.cpuSeconds > $1.cpuSeconds }).prefix(6) {
            table.row([
                process.name, process.role.rawValue, ReportNumbers.seconds(process.cpuSeconds),
                ReportNumbers.microseconds(process.cpuMicrosecondsPerMessage),
                ReportNumbers.octets(process.peakResidentOctets),
            ])
        }
        return table.lines + (report.processes.count > 6 ? ["and \(report.processes.count - 6) more that used less CPU"] : [])
    }
}
