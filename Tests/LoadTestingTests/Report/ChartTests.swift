import LoadTesting
import Testing

@Suite struct ChartTests {
    @Test(
        arguments: [
            (10, [0, 2, 4, 6, 8, 10]), (98, [0, 20, 40, 60, 80, 100]), (410, [0, 100, 200, 300, 400, 500]), (0.3, [0, 0.1, 0.2, 0.3]),
            (1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, [0, 1]), (-5, [0, 1]), (.nan, [0, 1]), (.infinity, [0, 1]),
        ] as [(Double, [Double])])
    func linearTicks(maximum: Double, ticks: [Double]) {
        #expect(ChartTicks.linear(upTo: maximum) == ticks)
    }

    @Test func wholeTicks() {
        #expect(ChartTicks.linear(upTo: 2, whole: true) == [0, 1, 2])
        #expect(ChartTicks.linear(upTo: 0.4, whole: true) == [0, 1])
    }

    /// However large: few ticks, the last not below the maximum, and the axis well used.
    @Test func linearTicksOfAllSizes() {
        for exponent in -8...17 {
            for mantissa in [1, 1.1, 1.9, 2.5, 3.3, 4.99, 5, 7, 9.999] {
                var maximum = mantissa
                for _ in 0..<abs(exponent) { maximum = exponent < 0 ? maximum / 10 : maximum * 10 }
                let ticks = ChartTicks.linear(upTo: maximum)
                #expect((2...6).contains(ticks.count), "\(maximum): \(ticks)")
                #expect(ticks[ticks.count - 1] >= maximum * (1 - 1e-8) && maximum > ticks[ticks.count - 1] * 0.49, "\(maximum): \(ticks)")
            }
        }
    }

    @Test(
        arguments: [
            (0.4, [0, 0.1, 0.2, 0.3, 0.4]), (60, [0, 10, 20, 30, 40, 50, 60]), (98, [0, 20, 40, 60, 80]), (300, [0, 60, 120, 180, 240, 300]),
            (7_200, [0, 1_200, 2_400, 3_600, 4_800, 6_000, 7_200]), (0, [0]), (.nan, [0]),
        ] as [(Double, [Double])])
    func timeTicks(end: Double, ticks: [Double]) {
        #expect(ChartTicks.time(upTo: end) == ticks)
    }

    @Test func timeIsLabelledInWholeUnits() {
        let axis = ChartAxis.time(upTo: 300)
        #expect(axis.ticks.map(\.label) == ["0", "1", "2", "3", "4", "5"])
        #expect(axis.title == "minutes since the load began")
        #expect(ChartAxis.time(upTo: 0).ticks.map(\.label).first == "0.0")
    }

    @Test func logarithmicTicks() {
        #expect(ChartTicks.logarithmic(from: 3, to: 40).ticks == [2, 5, 10, 20, 50])
        let wide = ChartTicks.logarithmic(from: 0.3, to: 12_000)
        #expect(wide.lower == 0.2 && wide.upper == 20_000)
        #expect(wide.ticks == [1, 10, 100, 1_000, 10_000])
        let point = ChartTicks.logarithmic(from: 10, to: 10)
        #expect(point.lower < 10 && point.upper > 10)
        let nothing = ChartTicks.logarithmic(from: .infinity, to: 0)
        #expect(nothing.lower > 0 && nothing.upper > nothing.lower)
    }

    @Test func octetsAreLabelledInBinaryUnits() {
        #expect(ChartAxis.linear(upTo: 130 * 1_048_576, unit: .octets).ticks.map(\.label) == ["0", "50 MiB", "100 MiB", "150 MiB"])
        #expect(ChartAxis.linear(upTo: 1_900 * 1_048_576, unit: .octets).ticks.map(\.label).last == "2.0 GiB")
    }

    @Test func percentilesAreEachAsWideAsTheOneBefore() {
        let axis = ChartAxis.percentiles(upTo: 1_000)
        #expect(axis.ticks.map(\.label) == ["0", "50", "90", "99", "99.9"])
        #expect(axis.position(10) > 333 && axis.position(10) < 334)
        #expect(axis.position(.infinity) == 1_000)
    }

    /// A gap is a gap, a lone value a dot.
    @Test func gaps() {
        func point(_ x: Double, _ y: Double?) -> ChartSeries.Point { ChartSeries.Point(x: x, y: y) }
        let chart = LineChart(
            id: "a", title: "A", unit: .count, x: .time(upTo: 4),
            series: [ChartSeries("s", [point(0, 1), point(1, 2), point(2, nil), point(3, 2), point(4, .nan)])])
        #expect(chart.html.contains("d=\"M0 500L250 0\""))
        #expect(chart.html.contains("<circle class=\"s1\" cx=\"75%\" cy=\"0%\""))
    }

    @Test func aChartOfNothingSaysSo() {
        let chart = LineChart(id: "a", title: "A", unit: .count, x: .time(upTo: 4), series: [ChartSeries("s", [])])
        #expect(chart.html.contains("Nothing was measured."))
        #expect(!chart.html.contains("<svg"))
    }

    @Test func bars() {
        let html = BarChart(
            id: "b", figure: .cpuPerMessage,
            bars: [.init(name: "A & B", spread: FigureSpread([100, 200, 400])), .init(name: "C", spread: nil)]
        ).html
        #expect(html.contains("A &amp; B: 200 µs, from 100 µs to 400 µs. C: not measured."))
        #expect(html.contains("width=\"37.50%\""))
        #expect(html.contains("less is better"))
    }
}
