import CoreMetrics
import Synchronization

/// A counter, a gauge or a histogram: what one name counts for one set of labels.
final class PrometheusInstrument: Sendable {
    enum Kind: Sendable {
        case counter
        case gauge
        /// With the upper bounds of its buckets, the last of which is infinite and not among them.
        case histogram([Double])

        /// As the text format names it.
        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// Atomics of a class each, for an array cannot hold what cannot be copied.
    private final class Bucket: Sendable {
        let count = Atomic<UInt64>(0)
    }

    private let kind: Kind
    /// The bits of the value of a counter or gauge, or of a histogram's sum.
    private let bits = Atomic<UInt64>(0)
    private let buckets: [Bucket]

    init(_ kind: Kind) {
        self.kind = kind
        self.buckets = if case .histogram(let bounds) = kind { (0...bounds.count).map { _ in Bucket() } } else { [] }
    }

    /// Writes its lines.
    ///
    /// - Parameters:
    ///   - name: of the family.
    ///   - labels: `name="value"`, comma-separated; empty for none.
    func write(name: String, labels: String, into text: inout String) {
        let braced = labels.isEmpty ? "" : "{\(labels)}"
        guard case .histogram(let bounds) = self.kind else {
            text += "\(name)\(braced) \(Self.number(self.value))\n"
            return
        }
        let separator = labels.isEmpty ? "" : ","
        var total: UInt64 = 0
        for (index, bucket) in self.buckets.enumerated() {
            total += bucket.count.load(ordering: .relaxed)
            let bound = index < bounds.count ? Self.number(bounds[index]) : "+Inf"
            text += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(total)\n"
        }
        text += "\(name)_sum\(braced) \(Self.number(self.value))\n\(name)_count\(braced) \(total)\n"
    }

    private var value: Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }

    private func add(_ amount: Double) {
        var old = self.bits.load(ordering: .relaxed)
        while true {
            let (isDone, now) = self.bits.weakCompareExchange(
                expected: old, desired: (Double(bitPattern: old) + amount).bitPattern, ordering: .relaxed)
            if isDone { return }
            old = now
        }
    }

    private func observe(_ value: Double) {
        guard case .histogram(let bounds) = self.kind else {
            self.bits.store(value.bitPattern, ordering: .relaxed)
            return
        }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        self.buckets[index].count.add(1, ordering: .relaxed)
        self.add(value)
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

extension PrometheusInstrument: CounterHandler, FloatingPointCounterHandler {
    func increment(by amount: Int64) { self.add(Double(amount)) }
    func increment(by amount: Double) { self.add(amount) }
    func reset() { self.bits.store(0, ordering: .relaxed) }
}

extension PrometheusInstrument: MeterHandler {
    func set(_ value: Int64) { self.bits.store(Double(value).bitPattern, ordering: .relaxed) }
    func set(_ value: Double) { self.bits.store(value.bitPattern, ordering: .relaxed) }
    func decrement(by amount: Double) { self.add(-amount) }
}

extension PrometheusInstrument: RecorderHandler, TimerHandler {
    func record(_ value: Int64) { self.observe(Double(value)) }
    func record(_ value: Double) { self.observe(value) }
    func recordNanoseconds(_ duration: Int64) { self.observe(Double(duration) / 1e9) }
}
