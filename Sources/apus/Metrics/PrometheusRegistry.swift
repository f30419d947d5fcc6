import CoreMetrics
import Synchronization

/// Collects what the roles count, and writes it in Prometheus's text format (version 0.0.4).
///
/// Instruments are made once and counted by atomics: no lock while mail flows.
final class PrometheusRegistry: MetricsFactory, Sendable {
    /// The bounds of durations, in seconds: an API answer takes milliseconds, a delivery up to hours.
    private static let seconds: [Double] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400]
    /// The bounds of other distributions.
    private static let powers: [Double] = (0...9).map { Double(1 << (2 * $0)) }

    /// What one name counts, by its labels.
    private struct Family {
        var kind: PrometheusInstrument.Kind
        var instruments: [String: PrometheusInstrument] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.instrument(label, dimensions, .counter)
    }

    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        self.instrument(label, dimensions, .counter)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.instrument(label, dimensions, .gauge)
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        self.instrument(label, dimensions, aggregate ? .histogram(Self.powers) : .gauge)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        // Durations are told in seconds, whatever the name says.
        let name = label.hasSuffix("_seconds") ? label : "\(label)_seconds"
        return self.instrument(name, dimensions, .histogram(Self.seconds))
    }

    /// Instruments live as long as the process: their number is bounded by their labels.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    /// All of it as text, sorted by name.
    var text: String {
        let families = self.families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(family.kind.word)\n"
            for (labels, instrument) in family.instruments.sorted(by: { $0.key < $1.key }) {
                instrument.write(name: name, labels: labels, into: &text)
            }
        }
        return text
    }

    private func instrument(_ label: String, _ dimensions: [(String, String)], _ kind: PrometheusInstrument.Kind) -> PrometheusInstrument {
        let name = Self.name(label)
        let labels = dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        return self.families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            if let known = family.instruments[labels] { return known }
            // A name has one kind: who uses it for another gets the first one's.
            let instrument = PrometheusInstrument(family.kind)
            family.instruments[labels] = instrument
            families[name] = family
            return instrument
        }
    }

    /// A name as Prometheus allows it.
    private static func name(_ text: String) -> String {
        String(
            text.unicodeScalars.enumerated().map { index, scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "_", ":": Character(scalar)
                case "0"..."9" where index > 0: Character(scalar)
                default: "_"
                }
            })
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
