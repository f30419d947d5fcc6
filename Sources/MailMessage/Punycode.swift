/// The Bootstring encoding of internationalised labels (RFC 3492), without the `xn--` prefix.
package enum Punycode {
    private static let base: UInt32 = 36
    private static let thresholdMinimum: UInt32 = 1
    private static let thresholdMaximum: UInt32 = 26

    /// Encodes one label. `nil` when the arithmetic would overflow, which only absurdly long labels reach.
    package static func encode(_ label: [Unicode.Scalar]) -> [UInt8]? {
        var output: [UInt8] = label.filter(\.isASCII).map { UInt8(truncatingIfNeeded: $0.value) }
        let basicCount = UInt32(output.count)
        var handled = basicCount
        if basicCount > 0 { output.append(ASCII.hyphen) }
        var next: UInt32 = 128
        var delta: UInt32 = 0
        var bias: UInt32 = 72
        while handled < UInt32(label.count) {
            guard let minimum = label.lazy.map(\.value).filter({ $0 >= next }).min() else { return nil }
            let (step, overflow) = (minimum - next).multipliedReportingOverflow(by: handled + 1)
            let (sum, carry) = delta.addingReportingOverflow(step)
            guard !overflow, !carry else { return nil }
            delta = sum
            next = minimum
            for scalar in label {
                if scalar.value < next { delta += 1 }
                guard scalar.value == next else { continue }
                appendVariableLength(delta, bias: bias, to: &output)
                bias = adapt(delta, count: handled + 1, isFirst: handled == basicCount)
                delta = 0
                handled += 1
            }
            delta += 1
            next += 1
        }
        return output
    }

    private static func appendVariableLength(_ delta: UInt32, bias: UInt32, to output: inout [UInt8]) {
        var rest = delta
        var position = base
        while true {
            let threshold = position <= bias ? thresholdMinimum : min(max(position - bias, thresholdMinimum), thresholdMaximum)
            if rest < threshold { break }
            output.append(digit(threshold + (rest - threshold) % (base - threshold)))
            rest = (rest - threshold) / (base - threshold)
            position += base
        }
        output.append(digit(rest))
    }

    private static func adapt(_ delta: UInt32, count: UInt32, isFirst: Bool) -> UInt32 {
        var rest = isFirst ? delta / 700 : delta / 2
        rest += rest / count
        var divisions: UInt32 = 0
        while rest > ((base - thresholdMinimum) * thresholdMaximum) / 2 {
            rest /= base - thresholdMinimum
            divisions += base
        }
        return divisions + (base - thresholdMinimum + 1) * rest / (rest + 38)
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: value < 26 ? 0x61 + value : 0x30 + value - 26)
    }
}
