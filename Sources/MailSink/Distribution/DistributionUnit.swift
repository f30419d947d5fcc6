/// What a ``Distribution`` counts.
package protocol DistributionUnit: Sendable, Hashable {
    /// For error texts: `milliseconds, or a text such as "300ms"`.
    static var form: String { get }
    /// Reads a value with its unit; nil for anything that is none.
    static func value(_ text: String) -> Double?
}

/// Times: a number is in milliseconds, a text has a unit: `300ms`, `2s`, `5m`, `1h`.
package enum Milliseconds: DistributionUnit {
    package static var form: String { "milliseconds, or a text such as \"300ms\", \"2s\", \"5m\" or \"1h\"" }

    package static func value(_ text: String) -> Double? {
        UnitText.value(text, units: [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)])
    }
}

/// Sizes: a number is in octets, a text may have a unit of 1,024 or 1,048,576 octets: `10k`, `5m`.
package enum Octets: DistributionUnit {
    package static var form: String { "octets, or a text such as \"10k\" or \"5m\"" }

    package static func value(_ text: String) -> Double? {
        UnitText.value(text, units: [("k", 1_024), ("m", 1_048_576), ("", 1)])
    }
}

enum UnitText {
    /// A decimal number and one of the units, the first that fits.
    static func value(_ text: String, units: [(String, Double)]) -> Double? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            let number = text.dropLast(unit.count)
            guard !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }), let value = Double(number) else { continue }
            return value * factor
        }
        return nil
    }
}
