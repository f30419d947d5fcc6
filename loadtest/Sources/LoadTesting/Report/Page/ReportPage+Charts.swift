extension ReportPage {
    /// Points of a line, which is about as many as it has pixels.
    private static let points = 500
    /// Lines of one chart.
    private static let lines = 6

    static func timeCharts(_ report: LoadReport) -> String {
        let moments = report.timeline(atMost: points)
        let x = ChartAxis.time(upTo: report.chartSeconds)
        let marks = marks(report)
        let line = { (name: String, value: (LoadReport.Moment) -> Double) in
            ChartSeries(name, moments.map { ChartSeries.Point(x: $0.at, y: value($0)) })
        }
        let throughput = LineChart(
            id: "throughput", title: "Throughput", note: "a second" + merged(report.timeline.count, moments.count), unit: .perSecond, x: x,
            series: [line("accepted messages") { $0.accepted }, line("delivered recipients") { $0.delivered }, line("deferrals") { $0.deferred }],
            marks: marks)
        let waiting = LineChart(
            id: "waiting", title: "Waiting", note: "recipients accepted and not ended", unit: .count, x: x,
            series: [line("waiting") { Double($0.waiting) }], marks: marks)
        return "<div class=\"charts\">\n\(throughput.html)\(waiting.html)</div>\n"
    }

    static func latencyOverTime(_ report: LoadReport) -> String {
        let moments = report.timeline(atMost: points)
        return LineChart(
            id: "latency", title: "Delivery latency over time", note: "of what arrived then, answer to 250, logarithmic", unit: .milliseconds,
            x: .time(upTo: report.chartSeconds), isLogarithmic: true,
            series: [
                ChartSeries("p50", moments.map { ChartSeries.Point(x: $0.at, y: $0.p50) }),
                ChartSeries("p99", moments.map { ChartSeries.Point(x: $0.at, y: $0.p99) }),
            ],
            marks: marks(report)
        ).html
    }

    /// By percentile, each nine as wide as the one before.
    static func curve(_ report: LoadReport) -> String {
        let whole = report.latencies.filter { $0.stream == nil && $0.count > 0 }
        let shown = (whole.isEmpty ? report.latencies.filter { $0.count > 0 } : whole).prefix(lines)
        return curve(
            id: "percentiles", title: "Latency by percentile", note: "logarithmic",
            shown.map { latency in (name: latency.stream.map { "\(latency.measure), \($0)" } ?? latency.measure, latency: latency) }
        )
    }

    /// The curves of several distributions on one chart.
    static func curve(id: String, title: String, note: String, _ distributions: [(name: String, latency: LoadReport.Latency)]) -> String {
        // A single line has no legend.
        let note = distributions.count == 1 ? "\(distributions[0].name), \(note)" : note
        let most = distributions.map { Double($0.latency.count) }.max() ?? 0
        return LineChart(
            id: id, title: title, note: note, unit: .milliseconds, x: .percentiles(upTo: most), isLogarithmic: true,
            series: distributions.map { name, latency in
                let end = max(Double(latency.count), 1)
                return ChartSeries(
                    name,
                    latency.curve.compactMap { pair in
                        guard pair.count > 1, pair[0].isFinite, pair[0] >= 0 else { return nil }
                        let oneIn = pair[0] < 100 ? 1 / (1 - pair[0] / 100) : end
                        return ChartSeries.Point(x: min(oneIn, end), y: pair[1], label: percentile(pair[0]))
                    })
            }
        ).html
    }

    static func processCharts(_ report: LoadReport) -> String {
        let shown = report.processes.sorted { $0.cpuSeconds > $1.cpuSeconds }.prefix(lines).map { process in
            (name: process.name, samples: LoadReport.samples(of: process, atMost: points))
        }
        let x = ChartAxis.time(upTo: report.chartSeconds)
        let marks = marks(report)
        let note = report.processes.count > lines ? "the \(lines) that used most CPU" : "by process"
        let cores = LineChart(
            id: "cores", title: "CPU", note: "cores in use, \(note)", unit: .cores, x: x,
            series: shown.map { ChartSeries($0.name, $0.samples.map { ChartSeries.Point(x: $0.at, y: $0.cores) }) }, marks: marks)
        let memory = LineChart(
            id: "memory", title: "Memory", note: "resident, \(note)", unit: .octets, x: x,
            series: shown.map { ChartSeries($0.name, $0.samples.map { ChartSeries.Point(x: $0.at, y: Double($0.residentOctets)) }) }, marks: marks)
        return "<div class=\"charts\">\n\(cores.html)\(memory.html)</div>\n"
    }

    /// Faults as the table numbers them, and the end of the load when something was still to be delivered then.
    private static func marks(_ report: LoadReport) -> [ChartMark] {
        var marks = report.faultsInOrder.map { number, fault in
            ChartMark(kind: .fault, at: fault.at, seconds: fault.seconds, number: String(number), text: fault.action)
        }
        if report.loadSeconds > 0, report.chartSeconds > report.loadSeconds * 1.01 {
            marks.append(ChartMark(kind: .phase, at: report.loadSeconds, seconds: 0, number: "", text: "load ends"))
        }
        return marks
    }

    /// Of a long run: how many steps a point stands for.
    private static func merged(_ steps: Int, _ points: Int) -> String {
        guard points > 0, steps > points else { return "" }
        return ", mean of \((steps + points - 1) / points) steps"
    }

    /// `p50`, `p99.97`, `max`.
    private static func percentile(_ value: Double) -> String {
        if value >= 100 { return "max" }
        var digits = 0
        // As many digits as tell it from the one at 100.
        var rest = 100 - value
        while rest < 10, digits < 6 {
            rest *= 10
            digits += 1
        }
        return "p" + ReportNumbers.decimal(value, digits)
    }
}
