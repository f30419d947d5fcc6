extension ComparisonPage {
    static func medians(_ report: ComparisonReport) -> String {
        guard !report.contenders.isEmpty else { return "" }
        var table = HTMLTable(
            "Median of rounds", note: "below it the least and the greatest; p50 and p99 are of the delivery latency, lost and doubled of all rounds",
            columns: [.text("system")] + ComparisonFigure.allCases.map { .number($0.shortTitle) } + [
                .number("lost"), .number("doubled"),
            ])
        for contender in report.contenders {
            let lost = report.total(\.recipients.lost, of: contender)
            table.row(
                [.text(report.name(of: contender))]
                    + ComparisonFigure.allCases.map { figure in
                        guard let spread = report.spread(figure, of: contender) else { return .number(ReportNumbers.none) }
                        guard spread.values.count > 1 else { return .number(figure.text(spread.median)) }
                        return .number(figure.text(spread.median), below: "\(figure.text(spread.minimum)) – \(figure.text(spread.maximum))")
                    }
                    + [
                        .number(ReportNumbers.count(lost), lost > 0 ? .bad : .plain),
                        .number(ReportNumbers.count(report.total(\.recipients.doubled, of: contender))),
                    ])
        }
        return table.html
    }

    static func ratios(_ report: ComparisonReport) -> String {
        guard let first = report.contenders.first, report.contenders.count > 1 else { return "" }
        var table = HTMLTable(
            "\(report.name(of: first)) divided by the other", note: "median of rounds; below it the least and the greatest",
            columns: [.text("other system")] + ComparisonFigure.allCases.map { .number($0.shortTitle) })
        for contender in report.contenders.dropFirst() {
            table.row(
                [.text(report.name(of: contender))]
                    + ComparisonFigure.allCases.map { figure in
                        guard let ratio = report.ratio(figure, to: contender) else { return .number(ReportNumbers.none) }
                        guard ratio.values.count > 1 else { return .number(ReportNumbers.ratio(ratio.median)) }
                        return .number(
                            ReportNumbers.ratio(ratio.median),
                            below: "\(ReportNumbers.number(ratio.minimum)) – \(ReportNumbers.number(ratio.maximum))")
                    })
        }
        return table.html
    }

    static func rounds(_ report: ComparisonReport) -> String {
        var table = HTMLTable(
            "In the order of the rounds",
            columns: [.text("round"), .text("system")] + ComparisonFigure.allCases.map { .number($0.shortTitle) } + [
                .number("lost"), .number("doubled"), .text("conditions"),
            ])
        for round in 0..<(report.contenders.map(\.reports.count).max() ?? 0) {
            for contender in report.contenders where round < contender.reports.count {
                let run = contender.reports[round]
                let failed = run.failedConditions.map { "\($0.text) (\($0.found))" }.joined(separator: "; ")
                table.row(
                    [.text(String(round + 1)), .text(report.name(of: contender))]
                        + ComparisonFigure.allCases.map { .number($0.text($0.value(run))) }
                        + [
                            .number(ReportNumbers.count(run.recipients.lost), run.recipients.lost > 0 ? .bad : .plain),
                            .number(ReportNumbers.count(run.recipients.doubled)),
                            run.conditions.isEmpty
                                ? .text(ReportNumbers.none) : failed.isEmpty ? .text("held", .good) : .text("failed: \(failed)", .bad),
                        ])
            }
        }
        return table.rows.isEmpty ? "" : table.html
    }

    static func systems(_ report: ComparisonReport) -> String {
        let present = report.contenders.map { contender in
            "<div><h3>\(HTMLText.escape("\(contender.system.name) \(contender.system.version)"))</h3>\n"
                + PageFrame.facts(PageFrame.facts(of: contender.system)) + PageFrame.list(contender.system.notes) + "</div>\n"
        }.joined()
        var out = present.isEmpty ? "" : "<div class=\"columns\">\n\(present)</div>\n"
        if !report.absent.isEmpty { out += "<h3>Asked for and not run</h3>\n" + PageFrame.list(report.absent) }
        return out
    }
}
