/// Where the ticks of an axis stand: round numbers, few enough to be read.
package enum ChartTicks {
    /// From 0 in steps of 1, 2 or 5 times a power of ten, up to the first that is not below the maximum: at most so many steps.
    ///
    /// Two ticks, 0 and 1, for a maximum that is not above 0 or not finite.
    ///
    /// - Parameter whole: no step below 1, for what comes in whole numbers.
    package static func linear(upTo maximum: Double, intervals: Int = 5, whole: Bool = false) -> [Double] {
        guard maximum > 0, maximum < 1e18 else { return [0, 1] }
        let atLeast = max(maximum / Double(max(intervals, 1)), whole ? 1 : 1e-9)
        // A tick is a whole number of smallest steps, and their size is divided by where it is below 1: 0.3 and not 0.30000000000000004.
        let exponent = Logarithm.decade(below: atLeast)
        let power = Logarithm.power(Int(exponent.magnitude))
        let scale = { (units: Double) in exponent < 0 ? units / power : units * power }
        var mantissa = 10.0
        for candidate in [1.0, 2, 5] where scale(candidate) >= atLeast * (1 - 1e-9) {
            mantissa = candidate
            break
        }
        var ticks = [0.0]
        while ticks[ticks.count - 1] < maximum * (1 - 1e-9) { ticks.append(scale(Double(ticks.count) * mantissa)) }
        return ticks
    }

    /// Seconds from 0, in steps that clocks have, none beyond the end: at most so many steps.
    package static func time(upTo end: Double, intervals: Int = 6) -> [Double] {
        guard end > 0, end < 1e12 else { return [0] }
        let atLeast = end / Double(max(intervals, 1))
        let clock: [Double] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]
        let step: Double
        if atLeast <= 0.5 {
            step = linear(upTo: end, intervals: intervals)[1]
        } else {
            step = clock.first { $0 >= atLeast * (1 - 1e-9) } ?? linear(upTo: end / 86_400, intervals: intervals)[1] * 86_400
        }
        return (0...Int(end / step * (1 + 1e-9))).map { index in
            // As above: a multiple of 0.1 is a tenth of a whole number.
            step < 1 ? Double(index) / (1 / step).rounded() : Double(index) * step
        }
    }

    /// Ends of a logarithmic axis and what is labelled on it: 1, 2 and 5 times powers of ten where there is room, else powers of ten.
    ///
    /// - Parameters: least and greatest value, both above 0; what is not stands for 1.
    package static func logarithmic(from least: Double, to greatest: Double) -> (lower: Double, upper: Double, ticks: [Double]) {
        let least = least > 1e-12 && least < 1e15 ? least : greatest > 1e-12 && greatest < 1e15 ? greatest : 1
        let greatest = max(greatest < 1e15 ? greatest : 1e15, least)
        let first = Logarithm.decade(below: least) - 1
        let last = Logarithm.decade(below: greatest) + 1
        var steps: [Double] = []
        for exponent in first...last {
            for mantissa in [1.0, 2, 5] {
                let power = Logarithm.power(Int(exponent.magnitude))
                steps.append(exponent < 0 ? mantissa / power : mantissa * power)
            }
        }
        var low = steps.lastIndex { $0 <= least * (1 + 1e-9) } ?? 0
        var high = steps.firstIndex { $0 >= greatest * (1 - 1e-9) } ?? steps.count - 1
        if low == high {
            low = max(low - 1, 0)
            high = min(high + 1, steps.count - 1)
        }
        let ticks: [Double]
        if high - low <= 6 {
            ticks = Array(steps[low...high])
        } else {
            let decades = (low...high).filter { $0.isMultiple(of: 3) }
            let stride = (decades.count + 6) / 7
            ticks = decades.enumerated().filter { $0.offset.isMultiple(of: stride) }.map { steps[$0.element] }
        }
        return (steps[low], steps[high], ticks)
    }
}
