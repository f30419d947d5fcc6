import LoadTesting

/// Reports to make pages and summaries of.
enum SampleReport {
    static let machine = LoadReport.Machine(cores: 4, processor: "Z80", memoryOctets: 8 << 30, kernel: "Linux 6.1")

    static func system(_ name: String = "Apus") -> MailSystemDescription {
        MailSystemDescription(name: name, version: "1.2.3", entrance: "SES v2", durability: "a sync", signing: "RSA-2048", notes: ["Retries off."])
    }

    /// A run of which nothing is known.
    static func empty(_ name: String = "empty") -> LoadReport {
        LoadReport(
            scenario: name, summary: "", system: system(), machine: machine, startedAt: 0, loadSeconds: 0, settledSeconds: 0, messages: .init(),
            recipients: .init(), streams: [], latencies: [], timeline: [], processes: [], faults: [], refusals: [], conditions: [])
    }

    /// A run in which everything that a report can say is said, some of it as bad as it gets.
    static func full() -> LoadReport {
        var report = empty("storm")
        report.summary = "Killed again and again."
        report.startedAt = 1_790_000_000
        report.loadSeconds = 10
        report.settledSeconds = 12.5
        report.messages.sent = 1_000
        report.messages.accepted = 990
        report.messages.refused = 8
        report.messages.inDoubt = 2
        report.messages.octets = 10_240_000
        report.recipients.expected = 990
        report.recipients.delivered = 985
        report.recipients.bounced = 2
        report.recipients.lost = 3
        report.recipients.doubled = 7
        report.recipients.lostExamples = ["5f3a9c01-42.0"]
        report.streams = [
            .init(
                name: "bulk", loop: "open loop, 100/s", sent: 800, accepted: 792, askedRate: 100, rate: 80, late: 77, latestMilliseconds: 1_240,
                fellBehind: "no free connection"),
            .init(
                name: "single", loop: "closed loop, 4 at once", sent: 200, accepted: 198, askedRate: nil, rate: 20, late: 0, latestMilliseconds: 0,
                fellBehind: nil),
        ]
        report.latencies = [nil, "bulk", "single"].map { latency(stream: $0, p50: 12.3) }
        report.timeline = (0..<12).map { second in
            var moment = LoadReport.Moment(at: Double(second))
            moment.accepted = second < 10 ? 99 : 0
            moment.delivered = 82
            moment.waiting = 17 * (12 - second)
            moment.p50 = second == 5 ? nil : 12.3
            moment.p99 = second == 5 ? nil : 1_240
            return moment
        }
        report.processes = [process("apus", .system, microseconds: 400), process("sink", .sink, microseconds: 100)]
        report.faults = [
            .init(at: 6, seconds: 1.5, action: "kill", detail: "kill -9"), .init(at: 3, seconds: 0, action: "stop", detail: "SIGSTOP"),
        ]
        report.refusals = [.init(code: 503, count: 8)]
        report.conditions = [
            .init(text: "doubled: at most 10", found: "7", held: true), .init(text: "lost: at most 0", found: "3", held: false),
        ]
        return report
    }

    static func latency(stream: String? = nil, p50: Double) -> LoadReport.Latency {
        .init(
            measure: "delivery", stream: stream, count: 985, minimum: 1, mean: 2 * p50, p50: p50, p90: 2 * p50, p99: 10 * p50, p999: 20 * p50,
            maximum: 21 * p50, curve: [[0, 1], [50, p50], [90, 2 * p50], [99, 10 * p50], [99.9, 20 * p50], [100, 21 * p50]])
    }

    static func process(_ name: String, _ role: LoadReport.Process.Role, microseconds: Double, octets: Int = 64 << 20) -> LoadReport.Process {
        .init(
            name: name, role: role, cpuSeconds: microseconds * 990 / 1e6, cpuMicrosecondsPerMessage: microseconds, peakResidentOctets: octets,
            samples: (0..<10).map { .init(at: Double($0), cores: 0.25, residentOctets: octets / 2) })
    }

    /// A round of a comparison: ten seconds, so many delivered a second at such a cost.
    static func round(rate: Int, microseconds: Double, lost: Int = 0) -> LoadReport {
        var report = empty("burst")
        report.loadSeconds = 10
        report.settledSeconds = 10
        report.messages.sent = rate * 10
        report.messages.accepted = rate * 10
        report.recipients.expected = rate * 10 + lost
        report.recipients.delivered = rate * 10
        report.recipients.lost = lost
        report.latencies = [latency(p50: microseconds / 10)]
        report.processes = [process("a", .system, microseconds: microseconds)]
        report.conditions = [.init(text: "lost: at most 0", found: String(lost), held: lost == 0)]
        return report
    }

    static func comparison() -> ComparisonReport {
        ComparisonReport(
            scenario: "burst", summary: "As fast as it goes.", machine: machine, startedAt: 1_790_000_000, rounds: 3,
            contenders: [
                .init(
                    system: system(),
                    reports: [round(rate: 300, microseconds: 100), round(rate: 200, microseconds: 150), round(rate: 260, microseconds: 120)]),
                .init(
                    system: system("Other | <b>"),
                    reports: [
                        round(rate: 100, microseconds: 400), round(rate: 160, microseconds: 200, lost: 4), round(rate: 130, microseconds: 240),
                    ]),
            ], absent: ["Third: not installed"])
    }
}
