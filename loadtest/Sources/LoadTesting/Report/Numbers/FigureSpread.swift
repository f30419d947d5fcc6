/// Several values of one figure, one a round: their median and how far they lie apart.
package struct FigureSpread: Sendable, Hashable {
    package let median: Double
    package let minimum: Double
    package let maximum: Double
    /// As they came, in order of rounds.
    package let values: [Double]

    /// nil for no value. Values that are not finite are left out.
    package init?(_ values: [Double]) {
        let values = values.filter(\.isFinite)
        guard let median = Self.median(values), let minimum = values.min(), let maximum = values.max() else { return nil }
        self.median = median
        self.minimum = minimum
        self.maximum = maximum
        self.values = values
    }

    /// The middle value, or the mean of the two in the middle; nil for none.
    package static func median(_ values: [Double]) -> Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
