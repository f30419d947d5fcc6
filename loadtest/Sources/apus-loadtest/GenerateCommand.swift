import ArgumentParser
import LoadTesting
import MailSink

/// `apus-loadtest generate`.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Makes load at an entrance: SES v2 SendEmail or SMTP, by a rate (open loop) or by a number of calls at once (closed loop).",
        discussion: """
            Each message carries its id in X-Load-Id; `apus-loadtest sink --record FILE` finds copies and alterations by it. In an open loop \
            (--rate) each call has its time before anything is known of the calls before it, and times are counted from there. \
            Every stream is bounded: 1,000 messages unless --messages or --for says otherwise.
            """)

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("Streams from a file instead of the options below; docs/loadtest.md describes it.", valueName: "file"))
    var plan: String?

    @Option(help: "Calls to make.")
    var messages: Int?

    @Option(name: .customLong("for"), help: ArgumentHelp("How long calls are begun: 30s, 5m.", valueName: "time"))
    var time: String?

    @Option(help: "Calls a second, whatever becomes of those before (open loop).")
    var rate: Double?

    @Flag(help: "In an open loop, equal times between calls instead of a Poisson process.")
    var even = false

    @Option(help: "Calls at once in a closed loop; connections at most in an open one.")
    var concurrency: Int?

    @Option(help: ArgumentHelp("Octets of a message: 10k, or a distribution in JSON.", valueName: "size"))
    var size: String = "10k"

    @Option(help: "Recipients of each message.")
    var recipients: Int = 1

    @Option(help: "Recipients' domains: so many besides the large providers' (see --realistic).")
    var domains: Int = 1

    @Option(help: ArgumentHelp("Name of those domains, * is their number.", valueName: "pattern"))
    var domain: String = "d*.sink.test"

    @Flag(help: "Give large providers their share: gmail.test, outlook.test, yahoo.test, icloud.test.")
    var realistic = false

    @Option(help: "The sender.")
    var from: String = "load@example.com"

    @Option(help: "Event loops of the generator.")
    var loops: Int = 1

    @Option(help: "Begins the random numbers: the same seed makes the same load.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Record every call in this file.", valueName: "file"))
    var record: String?

    @Flag(help: "Print counts as JSON.")
    var json = false

    func run() async throws {
        FileLimit.raise()
        guard let entrance = try target.entrance() else { throw ValidationError("say where to: --ses URL or --smtp HOST:PORT") }
        guard (1...64).contains(loops) else { throw ValidationError("--loops must be from 1 to 64") }
        try await Failure.told {
            let plan = try plan.map { try GeneratePlan(contentsOfFile: $0) } ?? GeneratePlan(streams: [try stream()], run: nil)
            var configuration = LoadGenerator.Configuration(
                streams: plan.streams, entrance: entrance, run: plan.run ?? UInt32.random(in: 1...UInt32.max))
            configuration.loops = loops
            configuration.seed = seed
            configuration.mayLeaveLoopback = target.mayLeaveLoopback
            configuration.trust = target.trust
            try await generate(configuration)
        }
    }

    private func generate(_ configuration: LoadGenerator.Configuration) async throws {
        let scratch = record == nil ? "/tmp/apus-loadtest-\(configuration.run).bin" : nil
        let file = record ?? scratch ?? ""
        let log = try RecordLogWriter<SentRecord>(path: file)
        defer { if scratch != nil { ScratchFile.remove(file) } }
        let generator = try LoadGenerator(configuration)
        Output.line("apus-loadtest generate: begins, run \(configuration.run)")
        let signals = StopSignals()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await generator.generate(into: log)
                return true
            }
            group.addTask {
                await signals.wait()
                return true
            }
            group.addTask { [json] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { if !json { Self.report(generator.progress.counts, json: false) } }
                return false
            }
            _ = try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
        guard log.isIntact else { throw LoadTestError(.damagedRecords, "the record file could not be written: its account is not complete") }
        Self.report(generator.progress.counts, json: json)
        var accounts = configuration.streams.map(StreamAccount.init)
        var reader = try RecordLogReader<SentRecord>(path: file)
        while case let records = try reader.next(), !records.isEmpty {
            for record in records where accounts.indices.contains(Int(record.stream)) { accounts[Int(record.stream)].add(record) }
        }
        for account in accounts {
            guard let reason = account.fellBehind, !json else { continue }
            Output.line("apus-loadtest generate: stream \"\(account.stream.name)\" FELL BEHIND its rate: \(reason)")
        }
    }

    private static func report(_ counts: LoadProgress.Counts, json: Bool) {
        if json { return Output.json(counts) }
        Output.line(
            "apus-loadtest generate: accepted \(counts.accepted), refused \(counts.refused), in doubt \(counts.inDoubt), late \(counts.late)"
                + (counts.connectFailures > 0 ? ", connections refused \(counts.connectFailures)" : ""))
    }

    /// The one stream that the options describe.
    private func stream() throws -> LoadStream {
        var stream = LoadStream(name: "load")
        stream.rate = rate
        stream.arrivals = even ? .even : .poisson
        stream.concurrency = concurrency ?? (rate == nil ? 40 : 200)
        stream.messages = messages ?? (time == nil ? 1_000 : nil)
        if let time {
            stream.duration = ScenarioNumber(try TimeArgument.milliseconds(time))
        }
        stream.size = try DistributionArgument.octets(size)
        stream.recipients = recipients
        stream.domains = DomainChoice(shares: realistic ? DomainChoice.realisticShares : [:], others: domains, other: domain)
        stream.from = from
        try stream.check()
        return stream
    }
}
