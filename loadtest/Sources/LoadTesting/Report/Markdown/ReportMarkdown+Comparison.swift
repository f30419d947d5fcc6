extension ReportMarkdown {
    package static func markdown(_ comparison: ComparisonReport) -> String {
        let names = comparison.contenders.map(comparison.name).joined(separator: ", ")
        var out = MarkdownText.heading(2, "\(comparison.scenario): \(names.isEmpty ? "no system" : names)")
        out += MarkdownText.paragraph(comparison.summary) + MarkdownText.paragraph(strong: comparison.verdict + ".")
        for sentence in comparison.behindSentences { out += MarkdownText.warning("The generator fell behind.", sentence) }
        let first = comparison.contenders.first?.reports.first
        out += MarkdownText.facts([
            ("Machine", PageFrame.machine(comparison.machine)), ("Rounds", "\(comparison.rounds), the systems in turn in each"),
            ("Each run", first.map { "\(ReportNumbers.count($0.messages.sent)) messages, \(ReportNumbers.octets($0.messages.octets))" } ?? ""),
            ("Began", ReportNumbers.date(comparison.startedAt)),
        ])
        for (heading, content) in [
            ("What each of them does", systems(comparison)), ("Medians", medians(comparison)), ("Ratios within each round", ratios(comparison)),
            ("Conditions", conditions(comparison)), ("Every round", rounds(comparison)),
            ("Asked for and not run", MarkdownText.list(comparison.absent)),
        ] where !content.isEmpty {
            out += MarkdownText.heading(3, heading) + content
        }
        return String(out.dropLast())
    }

    private static func systems(_ comparison: ComparisonReport) -> String {
        var table = MarkdownTable(["system", "version", "entrance", "before it acknowledges", "signing"], wordColumns: 5)
        for system in comparison.contenders.map(\.system) {
            table.row([system.name, system.version, system.entrance, system.durability, system.signing])
        }
        let notes = comparison.contenders.filter { !$0.system.notes.isEmpty }.map { contender in
            MarkdownText.paragraph("\(comparison.name(of: contender)):") + MarkdownText.list(contender.system.notes)
        }
        return table.markdown + notes.joined()
    }

    private static func medians(_ comparison: ComparisonReport) -> String {
        var table = MarkdownTable(["system"] + ComparisonFigure.allCases.map(\.title) + ["Lost", "Doubled"])
        for contender in comparison.contenders {
            table.row(
                [comparison.name(of: contender)]
                    + ComparisonFigure.allCases.map { figure in spread(comparison.spread(figure, of: contender), figure.text, ends: figure.text) }
                    + [
                        ReportNumbers.count(comparison.total(\.recipients.lost, of: contender)),
                        ReportNumbers.count(comparison.total(\.recipients.doubled, of: contender)),
                    ])
        }
        let words = "Median of the rounds, in brackets the least and the greatest; lost and doubled are of all rounds together."
        guard !table.markdown.isEmpty else { return "" }
        return MarkdownText.paragraph(words) + table.markdown + MarkdownText.paragraph(comparison.harnessCost ?? "")
    }

    private static func ratios(_ comparison: ComparisonReport) -> String {
        guard let first = comparison.contenders.first, comparison.contenders.count > 1 else { return "" }
        let name = comparison.name(of: first)
        var table = MarkdownTable(["\(name) divided by"] + ComparisonFigure.allCases.map(\.title))
        for contender in comparison.contenders.dropFirst() {
            table.row(
                [comparison.name(of: contender)]
                    + ComparisonFigure.allCases.map { figure in
                        spread(comparison.ratio(figure, to: contender), ReportNumbers.ratio, ends: ReportNumbers.number)
                    })
        }
        let sentences = comparison.contenders.dropFirst().compactMap(comparison.sentence)
        return MarkdownText.paragraph("Median of the ratios, one a round, in brackets the least and the greatest.") + table.markdown
            + sentences.map(MarkdownText.paragraph).joined()
    }

    private static func conditions(_ comparison: ComparisonReport) -> String {
        var table = MarkdownTable(["system", "condition", "held"], wordColumns: 3)
        for contender in comparison.contenders {
            for found in comparison.conditions(of: contender) {
                let failed = found.held < found.rounds
                table.row([
                    comparison.name(of: contender), found.text,
                    "\(failed ? "FAILED: held " : "")in \(found.held) of \(ReportNumbers.counted(found.rounds, "round"))",
                ])
            }
        }
        return table.markdown
    }

    private static func rounds(_ comparison: ComparisonReport) -> String {
        var table = MarkdownTable(["round", "system"] + ComparisonFigure.allCases.map(\.shortTitle) + ["lost", "doubled"], wordColumns: 2)
        for round in 0..<(comparison.contenders.map(\.reports.count).max() ?? 0) {
            for contender in comparison.contenders where round < contender.reports.count {
                let run = contender.reports[round]
                table.row(
                    [String(round + 1), comparison.name(of: contender)] + ComparisonFigure.allCases.map { $0.text($0.value(run)) }
                        + [ReportNumbers.count(run.recipients.lost), ReportNumbers.count(run.recipients.doubled)])
            }
        }
        return table.markdown
    }

    /// `4,300 (3,876 – 4,347)`; the median alone of one value.
    private static func spread(_ spread: FigureSpread?, _ text: (Double) -> String, ends: (Double) -> String) -> String {
        guard let spread else { return ReportNumbers.none }
        guard spread.values.count > 1 else { return text(spread.median) }
        return "\(text(spread.median)) (\(ends(spread.minimum)) – \(ends(spread.maximum)))"
    }
}
