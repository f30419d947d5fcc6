import LoadTesting
import Testing

/// Sentences that all outputs share.
@Suite struct ReportWordsTests {
    @Test(
        arguments: [
            (168, 180, "bulk made 168/s of the 180/s asked for: late. So"), (149.7, 150, "bulk was asked for 150/s: late. So"),
            (20.5, nil, "bulk made 20.5/s: late. So"),
        ] as [(Double, Double?, String)])
    func fallingBehind(rate: Double, asked: Double?, beginning: String) {
        var stream = LoadReport.Stream(
            name: "bulk", loop: "", sent: 1, accepted: 1, askedRate: asked, rate: rate, late: 1, latestMilliseconds: 200, fellBehind: "late")
        #expect(stream.behindSentence?.hasPrefix(beginning) == true, "\(stream.behindSentence ?? "")")
        stream.fellBehind = "late."
        #expect(stream.behindSentence?.hasPrefix(beginning) == true)
        stream.fellBehind = nil
        #expect(stream.behindSentence == nil)
    }

    @Test func noAnswerIsNoCode() {
        #expect(LoadReport.Reply(code: 0, count: 1).name == "no answer")
        #expect(LoadReport.Reply(code: 503, count: 1).name == "503")
    }

    /// Where something was lost, not everything ended.
    @Test func duration() {
        var report = SampleReport.empty()
        report.loadSeconds = 20
        report.settledSeconds = 25
        #expect(report.duration == "20 s, everything ended after 25 s")
        report.recipients.lost = 1
        #expect(report.duration == "20 s, the last recipient that ended did so after 25 s")
    }

    @Test func conditionsOverRounds() {
        var first = SampleReport.empty()
        first.conditions = [.init(text: "lost", found: "0", held: true), .init(text: "doubled", found: "1", held: false)]
        var second = SampleReport.empty()
        second.conditions = [.init(text: "lost", found: "2", held: false)]
        var comparison = SampleReport.comparison()
        comparison.contenders = [.init(system: SampleReport.system(), reports: [first, second])]
        let found = comparison.conditions(of: comparison.contenders[0])
        #expect(found.map(\.text) == ["lost", "doubled"])
        #expect(found.map(\.held) == [1, 0])
        #expect(found.map(\.rounds) == [2, 1])
        #expect(comparison.verdict == "Conditions failed in 2 of 2 runs")
        #expect(TerminalSummary.text(comparison).contains("FAILED: conditions failed in 2 of 2 runs"))
        #expect(ReportMarkdown.markdown(comparison).contains("FAILED: held in 1 of 2 rounds"))
    }

    /// What generator and sink cost is said beside what the system cost.
    @Test func costOfTheHarness() {
        var run = SampleReport.round(rate: 10, microseconds: 200)
        run.processes.append(SampleReport.process("sink", .sink, microseconds: 30))
        run.processes.append(SampleReport.process("generator", .generator, microseconds: 20))
        #expect(run.harnessMicrosecondsPerMessage == 50)
        #expect(run.harnessCost?.contains("0.250 times what the system used") == true)
        var comparison = SampleReport.comparison()
        comparison.contenders = [.init(system: SampleReport.system(), reports: [run])]
        #expect(comparison.harnessCost?.contains("(0.250 times what that used)") == true)
    }
}
