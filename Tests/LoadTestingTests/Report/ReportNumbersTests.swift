import LoadTesting
import Testing

@Suite struct ReportNumbersTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_234, "-1,234"), (.max, "9,223,372,036,854,775,807"),
        (.min, "-9,223,372,036,854,775,808"),
    ])
    func counts(value: Int, text: String) {
        #expect(ReportNumbers.count(value) == text)
    }

    @Test(arguments: [
        (0, "0"), (5, "5"), (12.34, "12.3"), (1.236, "1.24"), (99.96, "100"), (9.996, "10.0"), (0.012, "0.012"), (0.0001, "< 0.001"),
        (12_345.6, "12,346"), (-3.14159, "-3.14"), (.nan, "–"), (.infinity, "–"), (0.9996, "1.00"),
    ])
    func threeDigits(value: Double, text: String) {
        #expect(ReportNumbers.number(value) == text)
    }

    @Test func fixedDigits() {
        #expect(ReportNumbers.decimal(1_234.5, 2) == "1,234.50")
        #expect(ReportNumbers.decimal(0.05, 1) == "0.1")
        #expect(ReportNumbers.decimal(-0.001, 1) == "0.0")
        #expect(ReportNumbers.decimal(7.5, 0) == "8")
        #expect(ReportNumbers.decimal(.greatestFiniteMagnitude, 9).hasPrefix("1.79"))
    }

    @Test(arguments: [
        (12.34, "12.3 ms"), (0.8312, "0.831 ms"), (999.4, "999 ms"), (999.6, "1.00 s"), (1_240, "1.24 s"), (59_940, "59.9 s"), (59_960, "1 min"),
        (125_000, "2 min 5 s"), (3_600_000, "1 h"), (11_220_000, "3 h 7 min"), (.nan, "–"),
    ])
    func times(milliseconds: Double, text: String) {
        let found = ReportNumbers.milliseconds(milliseconds)
        #expect(found == text || milliseconds.isNaN && found.hasPrefix("–"))
    }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1,023 B"), (1_024, "1 KiB"), (10_240, "10 KiB"), (1_572_864, "1.50 MiB"), (1_048_575, "1.00 MiB"), (8 << 30, "8 GiB"),
    ])
    func octets(value: Int, text: String) {
        #expect(ReportNumbers.octets(value) == text)
    }

    /// What is not nothing is not called nothing, what is not all not all.
    @Test(arguments: [
        (0, 10, "0 %"), (10, 10, "100 %"), (1, 8, "12.5 %"), (1, 1_000_000, "< 0.01 %"), (999_999, 1_000_000, "> 99.99 %"), (1, 0, "–"),
        (1, 1_000, "0.10 %"),
    ])
    func shares(part: Int, whole: Int, text: String) {
        #expect(ReportNumbers.share(part, of: whole) == text)
    }

    @Test func dates() {
        #expect(ReportNumbers.date(1_790_000_000.9) == "2026-09-21 14:13:20 UTC")
        #expect(ReportNumbers.date(.nan) == "–")
        #expect(ReportNumbers.date(-1) == "–")
    }
}
