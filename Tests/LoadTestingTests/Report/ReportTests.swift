import LoadTesting
import Testing

@Suite struct ReportTests {
    @Test func escaping() {
        #expect(
            HTMLText.escape("<a href=\"x\">'&'</a>\u{0}\u{1B}[1m\tä") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;\u{FFFD}\u{FFFD}[1m\tä"
        )
    }

    /// Whatever a report's texts hold, none of it becomes markup, in an attribute as little as between tags.
    @Test func noTextOfAReportIsMarkup() {
        let evil = "\"><script>alert(1)</script>'&"
        var report = SampleReport.full()
        report.scenario = evil
        report.summary = evil
        report.system = .init(name: evil, version: evil, entrance: evil, durability: evil, signing: evil, notes: [evil])
        report.machine.processor = evil
        report.machine.kernel = evil
        for index in report.streams.indices {
            report.streams[index].name = evil
            report.streams[index].loop = evil
            report.streams[index].fellBehind = evil
        }
        for index in report.latencies.indices { report.latencies[index].stream = evil }
        for index in report.processes.indices { report.processes[index].name = evil }
        for index in report.faults.indices {
            report.faults[index].action = evil
            report.faults[index].detail = evil
        }
        report.conditions = [.init(text: evil, found: evil, held: false)]
        report.recipients.lostExamples = [evil]
        var comparison = SampleReport.comparison()
        comparison.scenario = evil
        comparison.absent = [evil]
        comparison.contenders = [.init(system: report.system, reports: [report, report]), .init(system: report.system, reports: [report])]
        for html in [ReportPage.html(report), ComparisonPage.html(comparison)] {
            #expect(html.split(separator: "<script").count == 2)
            #expect(!html.contains("<script>alert"))
            #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        }
    }

    @Test func aPageNeedsNothingElse() {
        for html in [ReportPage.html(SampleReport.full()), ComparisonPage.html(SampleReport.comparison())] {
            for forbidden in ["src=", "http:", "https:", "@import", "url(", "nan", "inf%", "NaN"] {
                #expect(!html.contains("\(forbidden)"), "\(forbidden)")
            }
            #expect(html.hasPrefix("<!DOCTYPE html>"))
            #expect(html.contains("<title id=\"percentiles-t\">"))
        }
    }

    @Test func aPageSaysWhatWentWrong() {
        let html = ReportPage.html(SampleReport.full())
        #expect(html.contains("1 of 2 conditions failed"))
        #expect(html.contains("fell behind"))
        #expect(html.contains("no free connection"))
        #expect(html.contains("5f3a9c01-42.0"))
        #expect(html.contains("2 <tspan") || html.contains(">2<tspan"))
    }

    /// Nothing, one moment, and numbers that are none: a page all the same.
    @Test func reportsWithoutData() {
        var one = SampleReport.empty()
        one.timeline = [LoadReport.Moment(at: 0)]
        one.latencies = [SampleReport.latency(p50: 1)]
        one.latencies[0].curve = [[], [50], [100, 1]]
        var broken = SampleReport.full()
        broken.loadSeconds = .nan
        broken.settledSeconds = .infinity
        broken.startedAt = .nan
        broken.latencies[0].p99 = .nan
        broken.latencies[0].curve = [[.nan, 1], [50, .infinity], [100, .nan]]
        broken.timeline[3].accepted = .nan
        broken.timeline[4].at = .infinity
        broken.timeline[5].p50 = -.infinity
        broken.processes[0].samples[0].cores = .infinity
        broken.faults[0].at = .nan
        for report in [SampleReport.empty(), one, broken] {
            let html = ReportPage.html(report)
            #expect(html.hasSuffix("</html>\n"))
            #expect(!html.contains("nan") && !html.contains("\"inf") && !html.contains(" inf"))
            #expect(!TerminalSummary.text(report).isEmpty)
            #expect(!ReportMarkdown.markdown(report).isEmpty)
        }
        var none = SampleReport.comparison()
        none.contenders = []
        #expect(ComparisonPage.html(none).contains("Third: not installed"))
        #expect(TerminalSummary.text(none).contains("Third: not installed"))
        #expect(ReportMarkdown.markdown(none).contains("Third: not installed"))
    }

    @Test func terminalText() {
        let text = TerminalSummary.text(SampleReport.full())
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 45)
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(text.contains("FELL BEHIND: bulk"))
        #expect(text.contains("no free connection"))
        #expect(text.contains("FAILED  lost: at most 0"))
        #expect(!text.contains("FAILED  doubled"))
        #expect(text.contains("1 kill"))
        var good = SampleReport.full()
        good.streams.removeFirst()
        good.conditions.removeLast()
        #expect(!TerminalSummary.text(good).contains("FELL BEHIND"))
        #expect(!TerminalSummary.text(good).contains("FAILED"))
    }

    /// However much there is to say.
    @Test func terminalTextIsBounded() {
        var report = SampleReport.full()
        report.summary = String(repeating: "word ", count: 200)
        report.streams = (0..<30).map { index in
            var stream = report.streams[0]
            stream.name = "a stream with a rather long name, number \(index)"
            return stream
        }
        report.latencies = (0..<30).flatMap { index in
            ["answer", "delivery", "total"].map { measure in
                var latency = SampleReport.latency(stream: "stream \(index)", p50: 2)
                latency.measure = measure
                return latency
            }
        }
        report.processes = (0..<40).map { SampleReport.process("process \($0)", .system, microseconds: 1) }
        report.conditions = (0..<40).map { .init(text: "condition \($0)", found: "1", held: $0 > 35) }
        report.system.name = "evil \u{1B}[31m"
        let text = TerminalSummary.text(report)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 60)
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(text.utf8.allSatisfy { $0 == 0x0A || $0 >= 0x20 && $0 != 0x7F })
    }

    @Test func terminalTextOfAComparison() {
        let text = TerminalSummary.text(SampleReport.comparison())
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { $0.count <= 100 })
        for expected in ["260", "130", "2 ×", "0.500 ×", "FAILED", "Third: not installed"] {
            #expect(text.contains(expected), "\(expected)")
        }
    }

    @Test func markdown() {
        let text = ReportMarkdown.markdown(SampleReport.comparison())
        #expect(text.contains("\\| "), "a bar in a name would end a cell")
        #expect(!text.contains("<b>"))
        for expected in ["260", "Z80", "SES v2", "a sync", "Third: not installed"] {
            #expect(text.contains(expected), "\(expected)")
        }
        #expect(ReportMarkdown.markdown(SampleReport.full()).contains("no free connection"))
    }

    @Test func jsonRoundTrip() throws {
        let report = SampleReport.full()
        let bytes = try ReportJSON.encode(report)
        #expect(try ReportJSON.encode(ReportJSON.decodeReport(bytes)) == bytes)
        #expect(try ReportJSON.decodeReport(bytes).conditions.map(\.found) == ["7", "3"])
        #expect(bytes.last == 0x0A)
        let comparison = try ReportJSON.encode(SampleReport.comparison())
        #expect(try ReportJSON.encode(ReportJSON.decodeComparison(comparison)) == comparison)
    }

    /// One division by zero does not throw a run away.
    @Test func jsonKeepsWhatIsNoNumber() throws {
        var report = SampleReport.full()
        report.loadSeconds = .nan
        report.settledSeconds = .infinity
        let found = try ReportJSON.decodeReport(ReportJSON.encode(report))
        #expect(found.loadSeconds.isNaN && found.settledSeconds == .infinity)
    }

    @Test func jsonOfAnotherFormatIsRefused() throws {
        var report = SampleReport.full()
        report.format = 99
        let bytes = try ReportJSON.encode(report)
        #expect(throws: LoadTestError(.damagedRecords, "the report is of format 99; this version reads format 1")) {
            try ReportJSON.decodeReport(bytes)
        }
        let error = #expect(throws: LoadTestError.self) { try ReportJSON.decodeReport(Array("{".utf8)) }
        #expect(error?.code == .damagedRecords)
        let missing = #expect(throws: LoadTestError.self) { try ReportJSON.readReport("/nowhere/report.json") }
        #expect(missing?.code == .unavailable)
    }
}
