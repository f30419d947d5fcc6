/// How contenders compare.
///
/// Rounds alternate between the systems, so that a slow minute of the machine meets all of them. What is said of one system is the median over its rounds; what
/// is said of two is the median of the ratios within each round, not the ratio of the medians.
extension ComparisonReport {
    /// A figure of one contender over its rounds; nil when no round measured it.
    package func spread(_ figure: ComparisonFigure, of contender: Contender) -> FigureSpread? {
        FigureSpread(contender.reports.compactMap(figure.value))
    }

    /// First contender ÷ another, in each round that measured both and in which the other is not zero.
    package func ratios(_ figure: ComparisonFigure, to contender: Contender) -> [Double] {
        guard let first = contenders.first else { return [] }
        return zip(first.reports, contender.reports).compactMap { mine, other in
            guard let mine = figure.value(mine), let other = figure.value(other), other > 0 else { return nil }
            return mine / other
        }
    }

    /// Median, least and greatest of ``ratios(_:to:)``; nil when there is none.
    package func ratio(_ figure: ComparisonFigure, to contender: Contender) -> FigureSpread? {
        FigureSpread(ratios(figure, to: contender))
    }

    /// A count over all rounds of a contender. Losses are added up: a median would hide the one round that lost.
    package func total(_ count: (LoadReport) -> Int, of contender: Contender) -> Int {
        contender.reports.reduce(0) { $0 + count($1) }
    }

    /// The round in the middle by recipients delivered a second, for what cannot be averaged, as a curve.
    package func middleRound(of contender: Contender) -> LoadReport? {
        let sorted = contender.reports.sorted { ($0.deliveredPerSecond ?? 0) < ($1.deliveredPerSecond ?? 0) }
        return sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
    }

    /// Whether all conditions held in all rounds of all systems.
    package var held: Bool { contenders.allSatisfy { $0.reports.allSatisfy(\.held) } }

    /// `All conditions held in all 15 runs`, or in how many not.
    package var verdict: String {
        let runs = contenders.flatMap(\.reports)
        let failed = runs.count { !$0.held }
        if runs.isEmpty { return "Nothing ran" }
        if runs.allSatisfy(\.conditions.isEmpty) { return "No conditions were set" }
        if failed == 0 { return "All conditions held in all \(runs.count) runs" }
        return "Conditions failed in \(failed) of \(ReportNumbers.counted(runs.count, "run"))"
    }

    /// `Apus`, or `Apus 0.3.0` where another contender has the same name.
    package func name(of contender: Contender) -> String {
        let system = contender.system
        return contenders.count { $0.system.name == system.name } > 1 ? "\(system.name) \(system.version)" : system.name
    }

    /// What the rounds say of the first contender against another, one sentence; nil when no round measured both.
    ///
    /// `Apus delivered 1.84 times as many recipients a second as Postfix and used 0.41 times its CPU per message (medians of 5 rounds compared in pairs).`
    package func sentence(against contender: Contender) -> String? {
        guard let first = contenders.first else { return nil }
        var parts: [String] = []
        let rate = ratio(.deliveredPerSecond, to: contender)
        let cpu = ratio(.cpuPerMessage, to: contender)
        if let rate {
            parts.append("delivered \(Self.times(rate)) as many recipients a second as \(name(of: contender))")
        }
        if let cpu {
            parts.append("used \(Self.times(cpu)) " + (rate == nil ? "the CPU per message of \(name(of: contender))" : "its CPU per message"))
        }
        guard !parts.isEmpty else { return nil }
        let pairs = max(rate?.values.count ?? 0, cpu?.values.count ?? 0)
        return "\(name(of: first)) \(parts.joined(separator: " and ")) (median of \(ReportNumbers.counted(pairs, "round")) compared in pairs)."
    }

    private static func times(_ spread: FigureSpread) -> String {
        let median = ReportNumbers.number(spread.median)
        guard spread.values.count > 1 else { return "\(median) times" }
        return "\(median) times (\(ReportNumbers.number(spread.minimum)) to \(ReportNumbers.number(spread.maximum)))"
    }
}
