import LoadTesting
import Testing

@Suite struct ComparisonTests {
    @Test(arguments: [([], nil), ([3], 3), ([5, 1, 3], 3), ([4, 1, 3, 2], 2.5)] as [([Double], Double?)])
    func medians(values: [Double], median: Double?) {
        #expect(FigureSpread.median(values) == median)
    }

    @Test func spreads() {
        #expect(FigureSpread([]) == nil)
        #expect(FigureSpread([.nan, .infinity]) == nil)
        let spread = FigureSpread([4, .nan, 1, 3])
        #expect(spread?.median == 3)
        #expect(spread?.minimum == 1)
        #expect(spread?.maximum == 4)
        #expect(spread?.values == [4, 1, 3])
    }

    @Test func figures() {
        let report = SampleReport.comparison()
        #expect(report.spread(.deliveredPerSecond, of: report.contenders[0])?.values == [300, 200, 260])
        #expect(report.spread(.cpuPerMessage, of: report.contenders[0])?.median == 120)
        #expect(report.total(\.recipients.lost, of: report.contenders[1]) == 4)
        #expect(report.middleRound(of: report.contenders[0])?.deliveredPerSecond == 260)
    }

    /// Round by round, and not the ratio of the medians, which would be 260 ÷ 130 and 120 ÷ 240.
    @Test func ratiosArePaired() {
        let report = SampleReport.comparison()
        let other = report.contenders[1]
        #expect(report.ratios(.deliveredPerSecond, to: other) == [3, 1.25, 2])
        #expect(report.ratio(.deliveredPerSecond, to: other)?.median == 2)
        #expect(report.ratios(.cpuPerMessage, to: other) == [0.25, 0.75, 0.5])
        #expect(report.ratios(.deliveredPerSecond, to: report.contenders[0]) == [1, 1, 1])
    }

    @Test func roundsThatMeasuredNothingAreLeftOut() {
        var report = SampleReport.comparison()
        report.contenders[1].reports[0].processes = []
        report.contenders[1].reports[1].recipients.delivered = 0
        report.contenders[1].reports.removeLast()
        #expect(report.ratios(.cpuPerMessage, to: report.contenders[1]) == [0.75])
        #expect(report.ratios(.deliveredPerSecond, to: report.contenders[1]) == [3])
        #expect(report.ratio(.deliveryP99, to: .init(system: SampleReport.system(), reports: [])) == nil)
    }

    /// A latency that nothing was measured of is not a latency of zero.
    @Test func nothingDeliveredHasNoLatency() {
        var run = SampleReport.round(rate: 10, microseconds: 10)
        run.latencies[0].count = 0
        #expect(ComparisonFigure.deliveryMedian.value(run) == nil)
    }

    @Test func memoryOfSeveralProcessesIsThatOfOneTime() {
        var run = SampleReport.round(rate: 10, microseconds: 10)
        #expect(run.systemPeakOctets == 64 << 20)
        run.processes.append(SampleReport.process("b", .system, microseconds: 1, octets: 100 << 20))
        run.processes.append(SampleReport.process("sink", .sink, microseconds: 1, octets: 900 << 20))
        #expect(run.systemPeakOctets == 100 << 20)
        run.processes[0].samples[3].residentOctets = 60 << 20
        #expect(run.systemPeakOctets == 110 << 20)
    }

    @Test func contendersOfOneNameAreToldApart() {
        var report = SampleReport.comparison()
        report.contenders[1].system.name = "Apus"
        report.contenders[1].system.version = "2"
        #expect(report.contenders.map(report.name) == ["Apus 1.2.3", "Apus 2"])
    }
}
