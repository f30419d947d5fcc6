/// What must be said of a load that was not the one asked for.
extension LoadReport.Stream {
    /// `bulk made 168/s of the 180/s asked for: 1204 of 15120 calls began more than 100 ms late.`, and what follows from it; nil when the rate was kept.
    package var behindSentence: String? {
        guard let fellBehind else { return nil }
        let made = ReportNumbers.number(rate)
        let asked = askedRate.map(ReportNumbers.number)
        // The mean may be the one asked for although calls were late: what was missed was made up for later.
        let load = asked == made ? "\(name) was asked for \(made)/s" : "\(name) made \(made)/s" + (asked.map { " of the \($0)/s asked for" } ?? "")
        return "\(load): \(fellBehind)\(fellBehind.hasSuffix(".") ? "" : ".") So its figures are not those of the load that was asked for."
    }
}
