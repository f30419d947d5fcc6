/// Reports as Markdown, for a document among others: the heading is of the second level.
package enum ReportMarkdown {
    package static func markdown(_ report: LoadReport) -> String {
        var out = MarkdownText.heading(2, "\(report.scenario) on \(report.system.name) \(report.system.version)")
        out += MarkdownText.paragraph(report.summary) + MarkdownText.paragraph(strong: report.verdict + ".")
        for sentence in report.streams.compactMap(\.behindSentence) { out += MarkdownText.warning("The generator fell behind.", sentence) }
        if report.messages.sent == 0 { out += MarkdownText.warning("Nothing was sent.", "The figures say nothing of the system.") }
        out += MarkdownText.facts(
            PageFrame.facts(of: report.system) + [
                ("Machine", PageFrame.machine(report.machine)), ("Began", ReportNumbers.date(report.startedAt)),
                ("Load", report.duration),
                ("Faults", report.faultCounts),
            ])
        out += MarkdownText.list(report.system.notes)
        for (heading, content) in [
            ("Conditions", conditions(report)), ("What became of it", accounts(report)), ("Latency", latencies(report)),
            ("Load that was offered", streams(report)),
            ("CPU and memory", processes(report)),
        ] where !content.isEmpty {
            out += MarkdownText.heading(3, heading) + content
        }
        return String(out.dropLast())
    }

    private static func conditions(_ report: LoadReport) -> String {
        var table = MarkdownTable(["wanted", "found", "held"], wordColumns: 3)
        for condition in report.conditions { table.row([condition.text, condition.found, condition.held ? "held" : "FAILED"]) }
        return table.markdown
    }

    private static func accounts(_ report: LoadReport) -> String {
        let (messages, recipients) = (report.messages, report.recipients)
        var entrance = MarkdownTable(["messages", "count", "share"])
        for (name, count) in [
            ("sent", messages.sent), ("accepted", messages.accepted), ("refused", messages.refused), ("in doubt", messages.inDoubt),
            ("of these delivered", messages.inDoubtDelivered),
        ] {
            entrance.row([name, ReportNumbers.count(count), ReportNumbers.share(count, of: messages.sent)])
        }
        var ends = MarkdownTable(["recipients", "count", "share"])
        for (name, count) in [
            ("expected", recipients.expected), ("delivered", recipients.delivered), ("bounced", recipients.bounced), ("lost", recipients.lost),
        ] {
            ends.row([name, ReportNumbers.count(count), ReportNumbers.share(count, of: recipients.expected)])
        }
        for (name, count) in [
            ("doubled", recipients.doubled), ("altered", recipients.altered), ("strangers", recipients.strangers),
            ("deferrals", recipients.deferrals),
        ] {
            ends.row([name, ReportNumbers.count(count), ""])
        }
        let rates =
            "Accepted: \(ReportNumbers.number(report.acceptedPerSecond)) messages a second of load. "
            + "Delivered: \(ReportNumbers.number(report.deliveredPerSecond)) recipients a second from the first call to the last end."
        return entrance.markdown + ends.markdown + MarkdownText.paragraph(rates)
    }

    private static func latencies(_ report: LoadReport) -> String {
        var table = MarkdownTable(["measure", "stream", "count", "mean", "p50", "p90", "p99", "p99.9", "max"], wordColumns: 2)
        for latency in report.latencyRows where latency.count > 0 {
            table.row(
                [latency.measure, latency.stream ?? "all", ReportNumbers.count(latency.count)]
                    + [latency.mean, latency.p50, latency.p90, latency.p99, latency.p999, latency.maximum].map(ReportNumbers.milliseconds))
        }
        return table.markdown
    }

    private static func streams(_ report: LoadReport) -> String {
        var table = MarkdownTable(["stream", "loop", "sent", "accepted", "asked, /s", "made, /s", "late by > 100 ms"], wordColumns: 2)
        for stream in report.streams {
            table.row([
                stream.name, stream.loop, ReportNumbers.count(stream.sent), ReportNumbers.count(stream.accepted),
                ReportNumbers.number(stream.askedRate),
                ReportNumbers.number(stream.rate), ReportNumbers.count(stream.late),
            ])
        }
        return table.markdown
    }

    private static func processes(_ report: LoadReport) -> String {
        var table = MarkdownTable(["process", "part", "CPU time", "CPU per message", "peak memory"], wordColumns: 2)
        for process in report.processes {
            table.row([
                process.name, process.role.rawValue, ReportNumbers.seconds(process.cpuSeconds),
                ReportNumbers.microseconds(process.cpuMicrosecondsPerMessage),
                ReportNumbers.octets(process.peakResidentOctets),
            ])
        }
        return table.markdown + MarkdownText.paragraph(report.harnessCost ?? "")
    }
}
