/// An axis: what range it covers and where its ticks stand.
package struct ChartAxis: Sendable, Hashable {
    package struct Tick: Sendable, Hashable {
        /// 0…1000 along the axis.
        package var position: Double
        package var label: String
    }

    package let lower: Double
    package let upper: Double
    package let isLogarithmic: Bool
    package let title: String
    package private(set) var ticks: [Tick] = []

    private init(_ lower: Double, _ upper: Double, isLogarithmic: Bool = false, title: String = "") {
        self.lower = lower
        self.upper = upper
        self.isLogarithmic = isLogarithmic
        self.title = title
    }

    /// From 0 to a round number not below the maximum.
    package static func linear(upTo maximum: Double, unit: ChartUnit) -> ChartAxis {
        let base = unit.base(upTo: maximum)
        let values = ChartTicks.linear(upTo: maximum / base, whole: unit == .count || (unit == .octets && base == 1))
        let step = (values[1] - values[0]) * base
        var axis = ChartAxis(0, values[values.count - 1] * base)
        axis.ticks = values.map { Tick(position: axis.position($0 * base), label: unit.label($0 * base, step: step)) }
        return axis
    }

    /// Around the values that are above 0.
    package static func logarithmic(_ values: some Sequence<Double>, unit: ChartUnit) -> ChartAxis {
        var least = Double.infinity
        var greatest = 0.0
        for value in values where value > 0 && value.isFinite {
            least = min(least, value)
            greatest = max(greatest, value)
        }
        let range = greatest > 0 ? ChartTicks.logarithmic(from: least, to: greatest) : ChartTicks.logarithmic(from: 1, to: 10)
        var axis = ChartAxis(range.lower, range.upper, isLogarithmic: true)
        axis.ticks = range.ticks.map { Tick(position: axis.position($0), label: unit.label($0)) }
        return axis
    }

    /// Time since the load began, from 0 to so many seconds, half of one at least; labelled in the unit that its steps are whole numbers of.
    package static func time(upTo end: Double) -> ChartAxis {
        let end = end > 0 && end < 1e12 ? max(end, 0.5) : 1
        let values = ChartTicks.time(upTo: end)
        let step = values.count > 1 ? values[1] : end
        let (unit, length): (String, Double) =
            step >= 86_400 ? ("days", 86_400) : step >= 3600 ? ("hours", 3600) : step >= 60 ? ("minutes", 60) : ("seconds", 1)
        var axis = ChartAxis(0, end, title: "\(unit) since the load began")
        axis.ticks = values.map { value in
            let digits = step < length ? (step * 10).rounded() == step * 10 ? 1 : 2 : 0
            return Tick(position: axis.position(value), label: ReportNumbers.decimal(value / length, digits))
        }
        return axis
    }

    /// One in so many is slower: 1 for the fastest, 100 for the 99th percentile. Each nine is as wide as the one before.
    package static func percentiles(upTo count: Double) -> ChartAxis {
        let upper = count > 10 && count < 1e15 ? count : 10
        var axis = ChartAxis(1, upper, isLogarithmic: true, title: "percentile")
        let decades = Logarithm.decade(below: upper)
        for decade in 0...decades {
            let label = decade == 0 ? "0" : decade == 1 ? "90" : decade == 2 ? "99" : "99." + String(repeating: "9", count: decade - 2)
            axis.ticks.append(Tick(position: axis.position(Logarithm.power(decade)), label: label))
            if decade == 0, decades <= 4 { axis.ticks.append(Tick(position: axis.position(2), label: "50")) }
        }
        return axis
    }

    /// Where a value lies, 0…1000, cut at the ends; 0 for what is not a number.
    package func position(_ value: Double) -> Double {
        guard !value.isNaN else { return 0 }
        let clamped = min(max(value, lower), upper)
        let part: Double
        if isLogarithmic {
            part = (Logarithm.ten(clamped) - Logarithm.ten(lower)) / (Logarithm.ten(upper) - Logarithm.ten(lower))
        } else {
            part = (clamped - lower) / (upper - lower)
        }
        return part.isFinite ? part * 1000 : 0
    }
}
