import ChildProcesses
import MailSink

/// Follows a run: reads what generator and sink record, samples processes, and knows when all is accounted for.
struct RunWatch: ~Copyable {
    /// How often records are read; they are read, not asked for, so this is no load on the system.
    private static let interval = Duration.milliseconds(100)
    /// After the last event this long is waited for copies that should not come.
    private static let quiet: Int64 = 1_500_000_000

    private var ledger: LoadLedger
    private var arrivals: RecordLogReader<Arrival>
    private var sent: RecordLogReader<SentRecord>
    private let begin: Int64
    private let system: any MailSystem
    private let sink: Child
    private let generator: Child
    private let settle: Double
    private let progress: (@Sendable (String) -> Void)?
    private var processes: ProcessBook
    private var settledAt: Int64 = 0
    /// What the system still held when the time was up.
    private var held: Int?

    init(
        ledger: LoadLedger, arrivals: consuming RecordLogReader<Arrival>, sent: consuming RecordLogReader<SentRecord>, begin: Int64,
        system: any MailSystem, sink: Child, generator: Child, settle: Double, progress: (@Sendable (String) -> Void)?
    ) {
        self.ledger = ledger
        self.arrivals = arrivals
        self.sent = sent
        self.begin = begin
        self.system = system
        self.sink = sink
        self.generator = generator
        self.settle = settle
        self.progress = progress
        processes = ProcessBook(begin: begin, sink: sink.processID, generator: generator.processID)
    }

    /// Returns when all that was accepted has ended, or the scenario's time for that is over.
    mutating func untilSettled(loadEnded: () -> ChildEnd?, faultsEnded: () -> Bool) async throws {
        var lastSecond: Int64 = -1
        var ended: Int64?
        var quietSince: Int64?
        var askedForBounces: Int64 = 0
        var bouncePatience: Int64 = 5_000_000_000
        while true {
            let change = try read()
            let now = WallClock.now()
            if (now - begin) / 1_000_000_000 != lastSecond {
                lastSecond = (now - begin) / 1_000_000_000
                processes.sample(at: now, system: system.processIDs)
                progress?(line(at: now))
            }
            if let sinkEnd = sink.end { throw LoadTestError(.processFailed, "the sink ended by itself: \(sinkEnd)\n\(sink.lastWords)") }
            if ended == nil, let end = loadEnded() {
                guard end.isSuccess else { throw LoadTestError(.processFailed, "the generator ended with \(end)\n\(generator.lastWords)") }
                ended = now
            }
            if let ended, faultsEnded() {
                let isOver = Double(now - ended) / 1e6 > settle
                if ledger.open > 0, !change, now - max(askedForBounces, ended) > bouncePatience {
                    // Nothing moves: perhaps the system has given some up without a refusal from the far end.
                    askedForBounces = now
                    // All its events are read each time.
                    bouncePatience *= 2
                    _ = try await takeBounces()
                }
                if ledger.open == 0 || isOver {
                    if change || quietSince == nil { quietSince = now }
                    if isOver || now - (quietSince ?? now) > Self.quiet {
                        if isOver {
                            if ledger.open > 0 { held = try await system.queueDepth() }
                            break
                        }
                        // Copies and what is in doubt may still wait in the system.
                        if try await (system.queueDepth() ?? 0) == 0 { break }
                        quietSince = now
                    }
                } else {
                    quietSince = nil
                }
            }
            try await Task.sleep(for: Self.interval)
        }
        // What follows is bookkeeping, no part of the load.
        processes.sample(at: WallClock.now(), system: system.processIDs)
        if let outcomes = try await takeBounces() {
            ledger.compare(delivered: Set(outcomes.delivered.lazy.map { MessageIDHash.hash($0.utf8) }))
        }
        settledAt = max(ledger.lastArrival, ledger.lastAnswer)
    }

    /// Reads what was recorded since. True when there was something.
    private mutating func read() throws -> Bool {
        var hasChanged = false
        while case let records = try sent.next(), !records.isEmpty {
            for record in records { ledger.add(record) }
            hasChanged = true
        }
        while case let records = try arrivals.next(), !records.isEmpty {
            for record in records { ledger.add(record) }
            hasChanged = true
        }
        return hasChanged
    }

    private mutating func takeBounces() async throws -> SystemOutcomes? {
        guard let outcomes = try await system.outcomes() else { return nil }
        for id in outcomes.bounced { ledger.bounced(idHash: MessageIDHash.hash(id.utf8)) }
        return outcomes
    }

    private func line(at now: Int64) -> String {
        let recipients = ledger.recipients
        return "\((now - begin) / 1_000_000_000) s: accepted \(ReportNumbers.count(ledger.messages.accepted)), "
            + "delivered \(ReportNumbers.count(recipients.delivered)), waiting \(ReportNumbers.count(ledger.open)), "
            + "bounced \(ReportNumbers.count(recipients.bounced)), doubled \(recipients.doubled), in doubt \(ledger.messages.inDoubt)"
    }

    /// The report, once it has settled.
    mutating func report(scenario: LoadScenario, faults: [LoadReport.Fault]) async throws -> LoadReport {
        _ = try read()
        let first = ledger.firstCall == .max ? begin : ledger.firstCall
        var report = LoadReport(
            scenario: scenario.name, summary: scenario.summary, system: system.description, machine: .current(), startedAt: Double(begin) / 1e9,
            loadSeconds: Double(max(ledger.lastAnswer - first, 0)) / 1e9, settledSeconds: Double(max(settledAt - first, 0)) / 1e9,
            messages: ledger.closedMessages(), recipients: ledger.closed(), streams: ledger.streams.map(\.report), latencies: ledger.latencies.report,
            timeline: ledger.timeline.moments(), processes: processes.report(messages: ledger.messages.accepted, system: system.description.name),
            faults: faults,
            refusals: ledger.replies.sorted { $0.key < $1.key }.map { LoadReport.Reply(code: Int($0.key), count: $0.value) }, conditions: [])
        report.recipients.held = held
        report.conditions = ConditionCheck.check(scenario.conditions, in: report)
        return report
    }
}
