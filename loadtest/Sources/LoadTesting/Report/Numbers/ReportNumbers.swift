internal import MailMessage

/// Numbers as a report writes them: grouped by commas, three significant digits where more would say nothing, and the unit beside them.
///
/// What is not finite is written as ``none``, so that a page never says `nan`.
package enum ReportNumbers {
    /// What stands where there is no number.
    package static let none = "–"

    /// `1,234,567`.
    package static func count(_ value: Int) -> String {
        var digits = Array(String(value.magnitude).utf8)
        var index = digits.count - 3
        while index > 0 {
            digits.insert(UInt8(ascii: ","), at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(decoding: digits, as: UTF8.self)
    }

    /// A number with so many digits (0…9) after the point, rounded half away from zero: `1,234.50`.
    package static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return none }
        let digits = min(max(digits, 0), 9)
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * Double(scale)).rounded()
        guard scaled < 9e15 else { return value.description }
        let whole = Int(scaled)
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard digits > 0 else { return sign + count(whole) }
        let fraction = String(whole % scale)
        return sign + count(whole / scale) + "." + String(repeating: "0", count: digits - fraction.utf8.count) + fraction
    }

    /// Three significant digits, all digits of a larger whole part, and never more than three after the point: `12,345`, `12.3`, `1.23`, `0.012`. What is whole
    /// is written so: `12`.
    package static func number(_ value: Double) -> String {
        let size = value.magnitude
        if size < 1000, size == size.rounded() { return decimal(value, 0) }
        if size < 0.0005 { return value < 0 ? "> -0.001" : "< 0.001" }
        if size < 0.9995 { return decimal(value, 3) }
        return decimal(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
    }

    /// As ``number(_:)``; ``none`` for nil.
    package static func number(_ value: Double?) -> String {
        guard let value else { return none }
        return number(value)
    }

    /// `12.3 ms`, `1.24 s`, `2 min 5 s`.
    package static func milliseconds(_ value: Double) -> String {
        if value.magnitude < 999.5 { return number(value) + " ms" }
        return seconds(value / 1000)
    }

    /// `1.24 s`, `2 min 5 s`, `3 h 7 min`.
    package static func seconds(_ value: Double) -> String {
        guard value.isFinite else { return none }
        guard value.magnitude >= 59.95, value.magnitude < 9e15 else { return number(value) + " s" }
        let sign = value < 0 ? "-" : ""
        let whole = Int(value.magnitude.rounded())
        if whole < 3600 { return sign + pair(whole, 60, "min", "s") }
        return sign + pair((whole + 30) / 60, 60, "h", "min")
    }

    /// CPU time per message: `85.3 µs`.
    package static func microseconds(_ value: Double) -> String {
        value.isFinite ? number(value) + " µs" : none
    }

    /// `512 B`, `10 KiB`, `1.50 MiB`.
    package static func octets(_ value: Int) -> String {
        if value.magnitude < 1024 { return count(value) + " B" }
        var rest = Double(value) / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            if rest.magnitude < 1023.5 { return number(rest) + " " + unit }
            rest /= 1024
        }
        return number(rest) + " TiB"
    }

    /// `1.84 ×`.
    package static func ratio(_ value: Double) -> String {
        value.isFinite ? number(value) + " ×" : none
    }

    /// Part of a whole: `12.5 %`; ``none`` when there is no whole. Neither `0.0 %` for what is not nothing nor `100 %` for what is not all.
    package static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return none }
        let percent = Double(part) / Double(whole) * 100
        if part == 0 { return "0 %" }
        if part == whole { return "100 %" }
        if percent < 0.01 { return "< 0.01 %" }
        if percent < 100, percent > 99.99 { return "> 99.99 %" }
        return decimal(percent, percent < 1 || percent > 99 && percent < 100 ? 2 : 1) + " %"
    }

    /// `2 kills`, `1 kill`: for words that form their plural by an s.
    package static func counted(_ value: Int, _ word: String) -> String {
        count(value) + " " + word + (value == 1 ? "" : "s")
    }

    /// `2026-02-03 14:05:06 UTC`, of Unix time in seconds.
    package static func date(_ unixSeconds: Double) -> String {
        guard unixSeconds.isFinite, unixSeconds >= 0, unixSeconds < 253_402_300_800 else { return none }
        let text = InternetDate.iso8601(unixMilliseconds: Int64(unixSeconds) * 1000)
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
    }

    private static func pair(_ value: Int, _ base: Int, _ large: String, _ small: String) -> String {
        let whole = "\(count(value / base)) \(large)"
        return value % base == 0 ? whole : "\(whole) \(value % base) \(small)"
    }
}
