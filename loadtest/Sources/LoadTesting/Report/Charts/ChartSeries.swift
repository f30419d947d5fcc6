/// A line of a chart.
package struct ChartSeries: Sendable {
    package struct Point: Sendable {
        package var x: Double
        /// nil where nothing was measured: the line has a gap.
        package var y: Double?
        /// What x is called when pointed at; nil for the axis's own word.
        package var label: String?

        package init(x: Double, y: Double?, label: String? = nil) {
            self.x = x
            self.y = y
            self.label = label
        }
    }

    package var name: String
    package var points: [Point]

    /// Points with a position or value that is not finite keep their place and lose their value.
    package init(_ name: String, _ points: [Point]) {
        self.name = name
        self.points = points.compactMap { point in
            guard point.x.isFinite else { return nil }
            var point = point
            if let y = point.y, !y.isFinite { point.y = nil }
            return point
        }
    }

    package var values: [Double] { points.compactMap(\.y) }
}
