extension ReportPage {
    static func conditions(_ report: LoadReport) -> String {
        guard !report.conditions.isEmpty else { return PageFrame.paragraph("The scenario sets none.") }
        var table = HTMLTable("What the scenario asks for", columns: [.text("wanted"), .number("found"), .text("held")])
        for condition in report.conditions.filter({ !$0.held }) + report.conditions.filter(\.held) {
            table.row(.text(condition.text), .number(condition.found), condition.held ? .text("held", .good) : .text("failed", .bad))
        }
        return table.html
    }

    static func recipients(_ report: LoadReport) -> String {
        let found = report.recipients
        var table = HTMLTable("Recipients of accepted messages", columns: [.text(""), .number("count"), .number("share"), .text("")])
        // Copies and deferrals are no part of the recipients: they have no share.
        let row = { (name: String, value: Int, tone: HTMLTable.Tone, isPart: Bool, explanation: String) -> [HTMLTable.Cell] in
            let tone = value > 0 ? tone : .plain
            return [
                .text(name, tone), .number(ReportNumbers.count(value), tone),
                .number(isPart ? ReportNumbers.share(value, of: found.expected) : ""), .text(explanation, .quiet),
            ]
        }
        table.row(row("expected", found.expected, .plain, true, ""))
        table.row(row("delivered", found.delivered, .plain, true, "at least one copy at the sink"))
        table.row(row("bounced", found.bounced, .plain, true, "given up, and said so"))
        table.row(row("lost", found.lost, .bad, true, "neither, when the time was up"))
        if let held = found.held { table.row(row("still held", held, .plain, false, "of these, by the system's own account")) }
        table.row(row("doubled", found.doubled, .warn, false, "copies beyond the first"))
        table.row(row("altered", found.altered, .bad, false, "copies that are not what was sent"))
        table.row(row("strangers", found.strangers, .bad, false, "copies of what was never sent"))
        if let misreported = found.misreported {
            table.row(
                row(
                    "misreported", misreported, .bad, false,
                    "messages whose delivery the system reported and the sink did not see, or the other way round"))
        }
        table.row(row("deferrals", found.deferrals, .plain, false, "times the far end put one off"))
        let examples = found.lostExamples.prefix(20).joined(separator: ", ")
        return "<div>\(table.html)\(examples.isEmpty ? "" : PageFrame.paragraph("Lost, for example: \(examples)"))</div>\n"
    }

    static func messages(_ report: LoadReport) -> String {
        let found = report.messages
        var table = HTMLTable("Messages at the entrance", columns: [.text(""), .number("count"), .number("share"), .text("")])
        let row = { (name: String, value: Int, explanation: String) -> [HTMLTable.Cell] in
            [
                .text(name), .number(ReportNumbers.count(value)), .number(ReportNumbers.share(value, of: found.sent)), .text(explanation, .quiet),
            ]
        }
        let size = found.sent > 0 ? ", \(ReportNumbers.octets(found.octets / found.sent)) each on average" : ""
        table.row(row("sent", found.sent, ReportNumbers.octets(found.octets) + size))
        table.row(row("accepted", found.accepted, ""))
        table.row(row("refused", found.refused, "answered otherwise"))
        table.row(
            row(
                "in doubt", found.inDoubt,
                found.inDoubt > 0 ? "no answer; \(ReportNumbers.count(found.inDoubtDelivered)) reached the sink" : "no answer"))
        guard !report.refusals.isEmpty else { return table.html }
        var refusals = HTMLTable("Answers other than acceptance", columns: [.text("code"), .number("count")])
        for reply in report.refusals.sorted(by: { $0.count > $1.count }) {
            refusals.row(.text(reply.name), .number(ReportNumbers.count(reply.count)))
        }
        return table.html + refusals.html
    }

    static func streams(_ report: LoadReport) -> String {
        guard !report.streams.isEmpty else { return "" }
        var table = HTMLTable(
            "Streams",
            columns: [
                .text("stream"), .text("loop"), .number("sent"), .number("accepted"), .number("asked, /s"), .number("made, /s"),
                .number("late by > 100 ms"), .number("latest"), .text("rate"),
            ])
        for stream in report.streams {
            let isLate: HTMLTable.Tone = stream.late > 0 ? .warn : .plain
            table.row(
                .text(stream.name), .text(stream.loop), .number(ReportNumbers.count(stream.sent)), .number(ReportNumbers.count(stream.accepted)),
                .number(ReportNumbers.number(stream.askedRate)), .number(ReportNumbers.number(stream.rate)),
                .number(ReportNumbers.count(stream.late), isLate), .number(ReportNumbers.milliseconds(stream.latestMilliseconds)),
                stream.fellBehind.map { .text("fell behind: \($0)", .bad) } ?? .text(stream.askedRate == nil ? "as fast as answers" : "kept"))
        }
        return table.html
    }

    static func latencies(_ report: LoadReport) -> String {
        var table = HTMLTable(
            "Times by measure and stream",
            columns: [
                .text("measure"), .text("stream"), .number("count"), .number("mean"), .number("p50"), .number("p90"), .number("p99"),
                .number("p99.9"),
                .number("max"),
            ])
        for latency in report.latencyRows {
            table.row(
                [.text(latency.measure), .text(latency.stream ?? "all"), .number(ReportNumbers.count(latency.count))]
                    + [latency.mean, latency.p50, latency.p90, latency.p99, latency.p999, latency.maximum].map {
                        .number(latency.count > 0 ? ReportNumbers.milliseconds($0) : ReportNumbers.none)
                    })
        }
        let words =
            "answer: from when the call was due to its answer; delivery: from the answer to 250 at the far end; "
            + "total: from when the call was due to 250 at the far end. A call that had to wait for its turn is counted from its turn."
        return "<div class=\"charts\">\n\(curve(report))\(latencyOverTime(report))</div>\n"
            + (table.rows.isEmpty ? "" : table.html + PageFrame.paragraph(words))
    }

    static func processes(_ report: LoadReport) -> String {
        guard !report.processes.isEmpty else { return "" }
        var table = HTMLTable(
            "CPU and memory",
            columns: [.text("process"), .text("part"), .number("CPU time"), .number("CPU per message"), .number("peak memory")])
        for process in report.processes {
            table.row(
                .text(process.name), .text(process.role.rawValue), .number(ReportNumbers.seconds(process.cpuSeconds)),
                .number(ReportNumbers.microseconds(process.cpuMicrosecondsPerMessage)), .number(ReportNumbers.octets(process.peakResidentOctets)))
        }
        return processCharts(report) + table.html + (report.harnessCost.map(PageFrame.paragraph) ?? "")
    }

    static func faults(_ report: LoadReport) -> String {
        guard !report.faults.isEmpty else { return "" }
        var table = HTMLTable(
            "In order, numbered as in the charts", columns: [.text("no."), .number("at"), .number("lasted"), .text("fault"), .text("what")])
        for (number, fault) in report.faultsInOrder {
            table.row(
                .text(String(number)), .number(ReportNumbers.decimal(fault.at, 1) + " s"),
                .number(fault.seconds > 0 ? ReportNumbers.seconds(fault.seconds) : ReportNumbers.none), .text(fault.action), .text(fault.detail))
        }
        return table.html
    }
}
