/// A run as one page of HTML that needs no other file.
package enum ReportPage {
    package static func html(_ report: LoadReport) -> String {
        PageFrame.html(title: "\(report.scenario) on \(report.system.name): \(report.verdict)", body: body(report))
    }

    private static func body(_ report: LoadReport) -> String {
        var out = PageFrame.header(
            kind: "Apus load test", title: "\(report.scenario) on \(report.system.name)", held: report.conditions.isEmpty ? nil : report.held,
            verdict: report.verdict, summary: report.summary)
        out += warnings(report)
        out += PageFrame.facts(
            [("System", "\(report.system.name) \(report.system.version)")] + PageFrame.facts(of: report.system) + [
                ("Machine", PageFrame.machine(report.machine)), ("Began", ReportNumbers.date(report.startedAt)),
                ("Load", report.duration),
            ])
        out += PageFrame.figures(figures(report))
        out += PageFrame.section("Conditions", conditions(report))
        out += PageFrame.section("What became of it", "<div class=\"columns\">\n\(recipients(report))<div>\(messages(report))</div></div>\n")
        out += PageFrame.section("Over time", timeCharts(report))
        out += PageFrame.section("Latency", latencies(report))
        out += PageFrame.section("Load that was offered", streams(report))
        out += PageFrame.section("Processes", processes(report))
        out += PageFrame.section("Faults", faults(report))
        out += PageFrame.section("Settings of the system", PageFrame.list(report.system.notes))
        return out + "<footer>Made by apus-loadtest from report.json (format \(report.format)), which has every number on this page.</footer>\n"
    }

    /// What makes the rest of the page mean something else than it seems to.
    private static func warnings(_ report: LoadReport) -> String {
        let behind = report.streamsBehind.map { PageFrame.warning("The generator fell behind.", $0.behindSentence ?? "") }.joined()
        guard report.messages.sent == 0 else { return behind }
        return behind + PageFrame.warning("Nothing was sent.", "The figures say nothing of the system.")
    }

    private static func figures(_ report: LoadReport) -> [(name: String, value: String, isBad: Bool)] {
        let delivery = report.latency("delivery")
        return [
            ("Accepted, messages/s", ReportNumbers.number(report.acceptedPerSecond), false),
            ("Delivered, recipients/s", ReportNumbers.number(report.deliveredPerSecond), false),
            ("Delivery, p50", delivery.map { ReportNumbers.milliseconds($0.p50) } ?? ReportNumbers.none, false),
            ("Delivery, p99", delivery.map { ReportNumbers.milliseconds($0.p99) } ?? ReportNumbers.none, false),
            ("CPU per message", report.systemMicrosecondsPerMessage.map(ReportNumbers.microseconds) ?? ReportNumbers.none, false),
            ("Peak memory", report.systemPeakOctets.map(ReportNumbers.octets) ?? ReportNumbers.none, false),
            ("Lost", ReportNumbers.count(report.recipients.lost), report.recipients.lost > 0),
            ("Doubled", ReportNumbers.count(report.recipients.doubled), false),
        ]
    }
}
