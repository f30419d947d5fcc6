#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// How a quantity is distributed, as scenario files say it. Never negative.
///
/// ```json
/// "300ms"                                       always the same; a number is in the unit's base
/// {"uniform": ["10ms", "50ms"]}
/// {"exponential": "200ms"}                      its mean
/// {"normal": {"mean": 100, "deviation": 20}}
/// {"lognormal": {"median": "300ms", "p99": "4s"}, "max": "60s"}
/// {"weighted": [["1k", 50], ["10k", 40], ["1m", 1]]}
/// ```
package struct Distribution<Unit: DistributionUnit>: Sendable, Hashable {
    package enum Form: Sendable, Hashable {
        case constant(Double)
        case uniform(Double, Double)
        case exponential(mean: Double)
        case normal(mean: Double, deviation: Double)
        case lognormal(median: Double, p99: Double)
        case weighted(values: [Double], weights: [Double])
    }

    package var form: Form
    /// Nothing above is drawn.
    package var maximum: Double?

    package init(_ form: Form, maximum: Double? = nil) {
        self.form = form
        self.maximum = maximum
    }

    package static func constant(_ value: Double) -> Distribution { Distribution(.constant(value)) }

    /// The value, when it is always the same.
    package var fixed: Double? {
        if case .constant(let value) = form { min(value, maximum ?? value) } else { nil }
    }

    /// The largest value, or one that hardly ever is exceeded.
    package var largest: Double {
        let value: Double
        switch form {
        case .constant(let constant): value = constant
        case .uniform(_, let high): value = high
        case .exponential(let mean): value = mean * 20
        case .normal(let mean, let deviation): value = mean + 6 * deviation
        case .lognormal(_, let p99): value = p99 * 20
        case .weighted(let values, _): value = values.max() ?? 0
        }
        return min(value, maximum ?? value)
    }

    /// Draws a value.
    package func sample(using random: inout SplitMix64) -> Double {
        let value: Double
        switch form {
        case .constant(let constant): value = constant
        case .uniform(let low, let high): value = low + (high - low) * random.nextUnit()
        case .exponential(let mean): value = -mean * log(1 - random.nextUnit())
        case .normal(let mean, let deviation): value = mean + deviation * Self.normal(&random)
        case .lognormal(let median, let p99):
            // The 99th percentile lies 2.3263 deviations above the median of the logarithm.
            value = median * exp(log(p99 / median) / 2.326_347_874 * Self.normal(&random))
        case .weighted(let values, let weights):
            var rest = random.nextUnit() * weights.reduce(0, +)
            let index = weights.firstIndex { weight in
                rest -= weight
                return rest < 0
            }
            value = values[index ?? values.count - 1]
        }
        return max(min(value, maximum ?? value), 0)
    }

    /// A value of the standard normal distribution (Box and Muller).
    private static func normal(_ random: inout SplitMix64) -> Double {
        (-2 * log(1 - random.nextUnit())).squareRoot() * cos(2 * .pi * random.nextUnit())
    }
}
