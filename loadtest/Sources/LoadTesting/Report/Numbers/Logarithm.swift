#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin.C
#endif

/// Logarithms and powers of ten.
enum Logarithm {
    static func natural(_ value: Double) -> Double { log(value) }

    static func ten(_ value: Double) -> Double { log10(value) }

    /// The largest n with 10ⁿ ≤ value, for a finite value above 0.
    static func decade(below value: Double) -> Int {
        var result = Int(log10(value).rounded(.down))
        // The logarithm of 1000 may come out just below 3.
        if power(result + 1) <= value { result += 1 }
        if power(result) > value { result -= 1 }
        return result
    }

    /// 10ⁿ, as the literal would be: 10⁻¹ is 0.1.
    static func power(_ exponent: Int) -> Double {
        exponent < 0 ? 1 / pow(10, Double(-exponent)) : pow(10, Double(exponent))
    }
}
