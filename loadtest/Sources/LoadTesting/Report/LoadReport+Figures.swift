/// What follows from the counts of a run.
extension LoadReport {
    /// Messages accepted per second of load; nil when there was none.
    package var acceptedPerSecond: Double? {
        loadSeconds > 0 ? Double(messages.accepted) / loadSeconds : nil
    }

    /// Recipients delivered per second, from the first call until every recipient had ended; nil when there was no such time.
    package var deliveredPerSecond: Double? {
        settledSeconds > 0 ? Double(recipients.delivered) / settledSeconds : nil
    }

    /// CPU time of the system per accepted message, all its processes together, microseconds; nil when none was watched.
    package var systemMicrosecondsPerMessage: Double? {
        let system = processes.filter { $0.role == .system }
        guard !system.isEmpty, messages.accepted > 0 else { return nil }
        return system.reduce(0) { $0 + $1.cpuMicrosecondsPerMessage }
    }

    /// CPU time per accepted message of all that is not the system: generator, sink and harness, microseconds; nil when none was watched.
    package var harnessMicrosecondsPerMessage: Double? {
        let harness = processes.filter { $0.role != .system }
        guard !harness.isEmpty, messages.accepted > 0 else { return nil }
        return harness.reduce(0) { $0 + $1.cpuMicrosecondsPerMessage }
    }

    /// Cores that all processes together kept busy, over the whole run; nil when none was watched.
    package var busyCores: Double? {
        guard !processes.isEmpty, settledSeconds > 0 else { return nil }
        return processes.reduce(0) { $0 + $1.cpuSeconds } / settledSeconds
    }

    /// Most memory that the processes of the system had resident at one time; nil when none was watched.
    ///
    /// Of one process the peak that the kernel kept; of several the largest sum over one sampling, as they need not peak together.
    package var systemPeakOctets: Int? {
        let system = processes.filter { $0.role == .system }
        guard let largest = system.map(\.peakResidentOctets).max() else { return nil }
        guard system.count > 1 else { return largest }
        var sums: [Int: Int] = [:]
        for sample in system.lazy.flatMap(\.samples) where sample.at.isFinite && sample.at.magnitude < 1e12 {
            sums[Int((sample.at * 10).rounded()), default: 0] += sample.residentOctets
        }
        return max(largest, sums.values.max() ?? system.reduce(0) { $0 + $1.peakResidentOctets })
    }

    /// The distribution of a measure over all streams; that of its only stream where there is no other; nil when nothing was measured.
    package func latency(_ measure: String) -> Latency? {
        let all = latencies.filter { $0.measure == measure && $0.count > 0 }
        if let whole = all.first(where: { $0.stream == nil }) { return whole }
        return all.count == 1 ? all[0] : nil
    }

    /// `1 min 30 s, everything ended after 1 min 37 s`: how long calls were made, and how long it took until there was nothing to wait for.
    package var duration: String {
        let end = ReportNumbers.seconds(settledSeconds)
        return "\(ReportNumbers.seconds(loadSeconds)), "
            + (recipients.lost > 0 ? "the last recipient that ended did so after \(end)" : "everything ended after \(end)")
    }

    /// Streams that made fewer calls than they were asked for.
    package var streamsBehind: [Stream] { streams.filter { $0.fellBehind != nil } }

    /// Conditions that did not hold.
    package var failedConditions: [Condition] { conditions.filter { !$0.held } }

    /// `All 6 conditions held`, `2 of 6 conditions failed`, `No conditions were set`.
    package var verdict: String {
        let failed = failedConditions.count
        if conditions.isEmpty { return "No conditions were set" }
        if failed > 0 { return "\(failed) of \(ReportNumbers.counted(conditions.count, "condition")) failed" }
        return conditions.count == 1 ? "The condition held" : "All \(conditions.count) conditions held"
    }

    /// One sentence on what the harness cost beside the system; nil when CPU was not measured.
    package var harnessCost: String? {
        guard let harness = harnessMicrosecondsPerMessage else { return nil }
        var text = "The harness itself (\(Self.harnessRoles)) used \(ReportNumbers.microseconds(harness)) of CPU per message"
        if let system = systemMicrosecondsPerMessage, system > 0 {
            text += ", \(ReportNumbers.number(harness / system)) times what the system used (\(ReportNumbers.microseconds(system)))"
        }
        guard let busy = busyCores else { return text + "." }
        return text
            + "; all processes together kept \(ReportNumbers.number(busy)) of \(ReportNumbers.counted(machine.cores, "core")) busy on average."
    }

    private static var harnessRoles: String { "generator, sink and bookkeeping" }
}
