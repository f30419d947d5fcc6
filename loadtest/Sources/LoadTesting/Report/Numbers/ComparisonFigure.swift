/// What systems are compared by: one number a round.
package enum ComparisonFigure: String, Sendable, Hashable, CaseIterable {
    case deliveredPerSecond, acceptedPerSecond, cpuPerMessage, peakMemory, deliveryMedian, deliveryP99

    package var title: String {
        switch self {
        case .deliveredPerSecond: "Delivered, recipients/s"
        case .acceptedPerSecond: "Accepted, messages/s"
        case .cpuPerMessage: "CPU per message"
        case .peakMemory: "Peak memory"
        case .deliveryMedian: "Delivery latency, p50"
        case .deliveryP99: "Delivery latency, p99"
        }
    }

    /// For narrow columns.
    package var shortTitle: String {
        switch self {
        case .deliveredPerSecond: "delivered/s"
        case .acceptedPerSecond: "accepted/s"
        case .cpuPerMessage: "CPU/message"
        case .peakMemory: "peak memory"
        case .deliveryMedian: "p50"
        case .deliveryP99: "p99"
        }
    }

    package var moreIsBetter: Bool { self == .deliveredPerSecond || self == .acceptedPerSecond }

    /// Its value in one run; nil when the run did not measure it.
    package func value(_ report: LoadReport) -> Double? {
        switch self {
        case .deliveredPerSecond: report.deliveredPerSecond
        case .acceptedPerSecond: report.acceptedPerSecond
        case .cpuPerMessage: report.systemMicrosecondsPerMessage
        case .peakMemory: report.systemPeakOctets.map(Double.init)
        case .deliveryMedian: report.latency("delivery")?.p50
        case .deliveryP99: report.latency("delivery")?.p99
        }
    }

    /// As ``text(_:)``, of what was measured.
    package func text(_ value: Double) -> String { text(Optional(value)) }

    /// A value with its unit; rates without, as the title has it.
    package func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return ReportNumbers.none }
        return switch self {
        case .deliveredPerSecond, .acceptedPerSecond: ReportNumbers.number(value)
        case .cpuPerMessage: ReportNumbers.microseconds(value)
        case .peakMemory: ReportNumbers.octets(Int(min(max(value, 0), 9e15)))
        case .deliveryMedian, .deliveryP99: ReportNumbers.milliseconds(value)
        }
    }
}
