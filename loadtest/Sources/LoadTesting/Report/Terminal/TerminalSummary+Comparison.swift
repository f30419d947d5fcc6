extension TerminalSummary {
    package static func text(_ comparison: ComparisonReport) -> String {
        let names = comparison.contenders.map(comparison.name).joined(separator: ", ")
        var lines = TerminalText.wrap("\(comparison.scenario): \(names.isEmpty ? "no system" : names)", atMost: 2)
        lines += TerminalText.wrap(comparison.summary, atMost: 2)
        lines +=
            behind(comparison) + ["", comparison.held ? comparison.verdict : "FAILED: c\(comparison.verdict.dropFirst())"] + failed(comparison) + [""]
        for table in [medians(comparison), ratios(comparison)] where !table.isEmpty { lines += table + [""] }
        for contender in comparison.contenders.dropFirst().prefix(4) {
            if let sentence = comparison.sentence(against: contender) { lines += TerminalText.wrap(sentence, atMost: 2) }
        }
        if let cost = comparison.harnessCost { lines += TerminalText.wrap(cost) }
        for reason in comparison.absent.prefix(4) { lines += TerminalText.field("not run", reason, atMost: 1) }
        lines += TerminalText.field("rounds", "\(comparison.rounds), the systems in turn in each")
        return (lines + TerminalText.field("machine", PageFrame.machine(comparison.machine), atMost: 2)).joined(separator: "\n") + "\n"
    }

    private static func behind(_ comparison: ComparisonReport) -> [String] {
        let sentences = comparison.behindSentences
        guard let first = sentences.first else { return [] }
        let more = sentences.count > 1 ? ["and \(ReportNumbers.counted(sentences.count - 1, "more time")), see the page"] : []
        return [""] + TerminalText.wrap("THE GENERATOR FELL BEHIND: \(first)") + more
    }

    private static func failed(_ comparison: ComparisonReport) -> [String] {
        let lines = comparison.contenders.flatMap { contender in
            contender.reports.enumerated().flatMap { index, run in
                run.failedConditions.map { "  FAILED  \(comparison.name(of: contender)), round \(index + 1): \($0.text), found \($0.found)" }
            }
        }
        let shown = lines.prefix(8).map { TerminalText.clip($0, to: TerminalText.columns) }
        return shown + (lines.count > 8 ? ["  and \(lines.count - 8) more"] : [])
    }

    /// As short as nine columns need them.
    private static let headings = ComparisonFigure.allCases.map { figure in
        switch figure {
        case .cpuPerMessage: "CPU/msg"
        case .peakMemory: "memory"
        default: figure.shortTitle
        }
    }

    private static func medians(_ comparison: ComparisonReport) -> [String] {
        var table = TerminalTable(["median"] + headings + ["lost", "doubled"])
        table.widestWord = 18
        for contender in comparison.contenders.prefix(6) {
            table.row(
                [comparison.name(of: contender)]
                    + ComparisonFigure.allCases.map { $0.text(comparison.spread($0, of: contender)?.median) }
                    + [\LoadReport.Recipients.lost, \.doubled].map { path in
                        ReportNumbers.count(comparison.total({ $0.recipients[keyPath: path] }, of: contender))
                    })
        }
        return table.lines
    }

    private static func ratios(_ comparison: ComparisonReport) -> [String] {
        guard let first = comparison.contenders.first else { return [] }
        let name = TerminalText.clip(comparison.name(of: first), to: 13)
        var table = TerminalTable(["\(name) ÷ other"] + headings)
        for contender in comparison.contenders.dropFirst().prefix(5) {
            table.row(
                [comparison.name(of: contender)]
                    + ComparisonFigure.allCases.map {
                        comparison.ratio($0, to: contender).map { ReportNumbers.ratio($0.median) } ?? ReportNumbers.none
                    })
        }
        return table.lines
    }
}
