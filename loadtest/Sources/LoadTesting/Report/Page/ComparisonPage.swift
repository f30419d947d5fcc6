/// A comparison of systems as one page of HTML that needs no other file.
package enum ComparisonPage {
    package static func html(_ report: ComparisonReport) -> String {
        PageFrame.html(title: "\(report.scenario): \(names(report))", body: body(report))
    }

    private static func body(_ report: ComparisonReport) -> String {
        let runs = report.contenders.flatMap(\.reports)
        let isMeasured = !runs.allSatisfy(\.conditions.isEmpty)
        var out = PageFrame.header(
            kind: "Apus load test, comparison of systems", title: "\(report.scenario): \(names(report))", held: isMeasured ? report.held : nil,
            verdict: report.verdict, summary: report.summary)
        out += warnings(report)
        out += PageFrame.facts([
            ("Rounds", "\(ReportNumbers.count(report.rounds)), the systems in turn in each"), ("Machine", PageFrame.machine(report.machine)),
            ("Began", ReportNumbers.date(report.startedAt)),
            (
                "Each run",
                runs.first.map { "\(ReportNumbers.count($0.messages.sent)) messages, load of \(ReportNumbers.seconds($0.loadSeconds))" } ?? ""
            ),
        ])
        let sentences = report.contenders.dropFirst().compactMap(report.sentence) + (report.harnessCost.map { [$0] } ?? [])
        out += PageFrame.section("Medians", medians(report) + sentences.map(PageFrame.paragraph).joined())
        out += PageFrame.section("Side by side", charts(report))
        out += PageFrame.section("Ratios within each round", ratios(report))
        out += PageFrame.section("What each of them does", systems(report))
        out += PageFrame.section("Every round", rounds(report))
        return out + "<footer>Made by apus-loadtest from comparison.json (format \(report.format)), which has every number on this page.</footer>\n"
    }

    private static func names(_ report: ComparisonReport) -> String {
        let names = report.contenders.map(report.name)
        return names.isEmpty ? "no system" : names.joined(separator: ", ")
    }

    private static func warnings(_ report: ComparisonReport) -> String {
        report.behindSentences.map { PageFrame.warning("The generator fell behind.", $0) }.joined()
    }

    private static func charts(_ report: ComparisonReport) -> String {
        guard !report.contenders.isEmpty else { return "" }
        let bars = ComparisonFigure.allCases.map { figure in
            BarChart(
                id: figure.rawValue, figure: figure,
                bars: report.contenders.map { BarChart.Bar(name: report.name(of: $0), spread: report.spread(figure, of: $0)) }
            ).html
        }
        let middle = report.contenders.prefix(6).compactMap { contender in
            report.middleRound(of: contender)?.latency("delivery").map { (name: report.name(of: contender), latency: $0) }
        }
        let curve = ReportPage.curve(
            id: "percentiles", title: "Delivery latency by percentile", note: "answer to 250, logarithmic; of each the round of median rate", middle)
        return "<div class=\"charts small\">\n\(bars.joined())</div>\n"
            + PageFrame.paragraph("Bars end at the median; the line goes from the least to the greatest round, with a dot for each.") + curve
    }
}
