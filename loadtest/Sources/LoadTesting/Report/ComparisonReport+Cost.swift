/// What must be said beside the figures of a comparison.
extension ComparisonReport {
    /// Each time that a generator fell behind: system, round and what it means.
    package var behindSentences: [String] {
        contenders.flatMap { contender in
            contender.reports.enumerated().flatMap { index, run in
                run.streams.compactMap(\.behindSentence).map { "\(name(of: contender)), round \(index + 1): \($0)" }
            }
        }
    }

    /// One sentence on what generator, sink and bookkeeping cost beside each system, on the same machine; nil when no CPU was measured.
    package var harnessCost: String? {
        let costs = contenders.compactMap { contender -> String? in
            guard let harness = FigureSpread(contender.reports.compactMap(\.harnessMicrosecondsPerMessage)) else { return nil }
            var text = "\(ReportNumbers.microseconds(harness.median)) beside \(name(of: contender))"
            if let system = spread(.cpuPerMessage, of: contender), system.median > 0 {
                text += " (\(ReportNumbers.number(harness.median / system.median)) times what that used)"
            }
            return text
        }
        guard !costs.isEmpty else { return nil }
        return
            "The harness itself (generator, sink and bookkeeping) ran on the same machine and used, of CPU per message: \(costs.joined(separator: ", "))."
    }

    /// In how many rounds of a contender each condition held, in order of first coming.
    package func conditions(of contender: Contender) -> [(text: String, held: Int, rounds: Int)] {
        contender.reports.flatMap(\.conditions).reduce(into: []) { found, condition in
            let index = found.firstIndex { $0.text == condition.text } ?? found.endIndex
            if index == found.endIndex { found.append((condition.text, 0, 0)) }
            found[index].rounds += 1
            if condition.held { found[index].held += 1 }
        }
    }
}
