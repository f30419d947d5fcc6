import Histogram

/// Histograms of all times of a run, to three significant digits from a microsecond to a day.
package struct LatencyBook: Sendable {
    private static let highest: UInt64 = 86_400_000_000

    /// The measures in the order in which reports show them.
    package static let measures = ["answer", "delivery", "total"]

    private let names: [String]
    /// By stream, the last for all together; each with one histogram a measure.
    private var histograms: [[Histogram<UInt64>]]

    init(streams: [String]) {
        names = streams
        histograms = (0...streams.count).map { _ in
            Self.measures.map { _ in
                Histogram<UInt64>(lowestDiscernibleValue: 1, highestTrackableValue: Self.highest, numberOfSignificantValueDigits: .three)
            }
        }
    }

    mutating func answered(stream: UInt8, nanoseconds: Int64) {
        record(0, stream, nanoseconds)
    }

    mutating func delivered(stream: UInt8, delivery: Int64, total: Int64) {
        record(1, stream, delivery)
        record(2, stream, total)
    }

    private mutating func record(_ measure: Int, _ stream: UInt8, _ nanoseconds: Int64) {
        let microseconds = min(UInt64(max(nanoseconds, 0)) / 1_000, Self.highest)
        if names.count > 1, Int(stream) < names.count { histograms[Int(stream)][measure].record(microseconds) }
        histograms[names.count][measure].record(microseconds)
    }

    /// What a report shows: all streams together first, then each when there are several.
    package var report: [LoadReport.Latency] {
        let places = [names.count] + (names.count > 1 ? Array(names.indices) : [])
        return places.flatMap { place in
            Self.measures.enumerated().map { index, measure in
                Self.latency(histograms[place][index], measure: measure, stream: place < names.count ? names[place] : nil)
            }
        }
    }

    private static func latency(_ histogram: Histogram<UInt64>, measure: String, stream: String?) -> LoadReport.Latency {
        func at(_ percentile: Double) -> Double { histogram.totalCount == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1e3 }
        let count = Int(histogram.totalCount)
        var curve: [[Double]] = []
        if count > 0 {
            for percentile in curvePercentiles where percentile == 0 || Double(count) * (1 - percentile / 100) >= 0.5 {
                curve.append([percentile, at(percentile)])
            }
            curve.append([100, Double(histogram.max) / 1e3])
        }
        return LoadReport.Latency(
            measure: measure, stream: stream, count: count, minimum: count == 0 ? 0 : Double(histogram.min) / 1e3,
            mean: count == 0 ? 0 : histogram.mean / 1e3,
            p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), maximum: count == 0 ? 0 : Double(histogram.max) / 1e3, curve: curve)
    }

    /// Ten steps for each nine.
    private static let curvePercentiles: [Double] = {
        var values = stride(from: 0.0, to: 90, by: 5).map { $0 }
        var rest = 10.0
        while rest > 0.000_1 {
            for step in 0..<9 { values.append(100 - rest + rest * Double(step) / 10) }
            rest /= 10
        }
        return values
    }()
}
