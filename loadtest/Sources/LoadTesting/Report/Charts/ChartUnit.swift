/// What the numbers of a chart are, for the labels of its axis and for single values.
package enum ChartUnit: Sendable, Hashable {
    case perSecond, count, milliseconds, microseconds, octets, cores

    /// A single value: `1,234/s`, `12.3 ms`.
    package func text(_ value: Double) -> String {
        switch self {
        case .perSecond: ReportNumbers.number(value) + "/s"
        case .count: ReportNumbers.decimal(value, 0)
        case .milliseconds: ReportNumbers.milliseconds(value)
        case .microseconds: ReportNumbers.microseconds(value)
        case .octets: value.isFinite ? ReportNumbers.octets(Int(min(max(value, 0), 9e15))) : ReportNumbers.none
        case .cores: value == 1 ? "1 core" : ReportNumbers.number(value) + " cores"
        }
    }

    /// A value on a linear axis whose ticks are `step` apart, with no more digits than the step has.
    func label(_ value: Double, step: Double) -> String {
        switch self {
        case .perSecond, .count, .cores, .microseconds: Self.plain(value, step: step)
        case .milliseconds: value == 0 ? "0" : Self.milliseconds(value, step: step)
        case .octets: value == 0 ? "0" : Self.octets(value, step: step)
        }
    }

    /// A round value on a logarithmic axis: `1 µs`, `10 ms`, `2 s`.
    func label(_ value: Double) -> String {
        guard self == .milliseconds else { return Self.plain(value, step: value) }
        if value >= 1000 { return Self.plain(value / 1000, step: value / 1000) + " s" }
        if value < 0.1 { return Self.plain(value * 1000, step: value * 1000) + " µs" }
        return Self.plain(value, step: value) + " ms"
    }

    /// The size that ticks are multiples of: 1, or the largest binary unit that a maximum reaches.
    func base(upTo maximum: Double) -> Double {
        guard self == .octets else { return 1 }
        var base = 1.0
        while maximum >= base * 1024, base < 0x1p40 { base *= 1024 }
        return base
    }

    private static func plain(_ value: Double, step: Double) -> String {
        ReportNumbers.decimal(value, digits(step))
    }

    private static func milliseconds(_ value: Double, step: Double) -> String {
        step >= 100 ? plain(value / 1000, step: step / 1000) + " s" : plain(value, step: step) + " ms"
    }

    private static func octets(_ value: Double, step: Double) -> String {
        var value = value
        var step = step
        var unit = 0
        while step >= 512 || value >= 1024, unit < 4 {
            value /= 1024
            step /= 1024
            unit += 1
        }
        return plain(value, step: step) + " " + ["B", "KiB", "MiB", "GiB", "TiB"][unit]
    }

    /// Digits after the point that multiples of a step of 1, 2, 2.5 or 5 times a power of ten need.
    private static func digits(_ step: Double) -> Int {
        guard step > 0, step.isFinite else { return 0 }
        var digits = 0
        var scaled = step
        while digits < 9, (scaled - scaled.rounded()).magnitude > 1e-6 * scaled {
            scaled *= 10
            digits += 1
        }
        return digits
    }
}
