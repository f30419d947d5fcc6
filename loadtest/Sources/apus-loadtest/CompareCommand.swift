import ArgumentParser
import FoundationEssentials
import LoadTesting
import MailSink
import NIOCore

/// `apus-loadtest compare`.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Runs one scenario on Apus and on other mail servers, in alternating rounds.",
        discussion: """
            The others are Debian's, unpacked aside by scripts/deps-mta.sh and started with folders and ports of their own. One that cannot run here is \
            named with its reason. Each gets the same streams, a new sink and a new queue on the same disk; medians and ratios of rounds are reported.
            """)

    @Argument(help: "Name of a shipped scenario, or a file.")
    var scenario: String = "burst"

    @Option(help: ArgumentHelp("The others, separated by commas.", valueName: "names"))
    var against: String = MailServer.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: "Alternating rounds.")
    var rounds: Int = 5

    @Flag(help: "The others do not sign (Apus always does).")
    var unsigned = false

    @Option(help: ArgumentHelp("Folder where they are unpacked.", valueName: "dir"))
    var tools: String = ".build-tools"

    @Option(
        help: ArgumentHelp("Folder for the report; made when missing. Queues are below it: it is on the disk that is measured.", valueName: "dir"))
    var out: String?

    @Option(help: ArgumentHelp("The apus executable. Default: the one beside this program.", valueName: "file"))
    var apus: String?

    @Option(help: "Messages of each stream at most.")
    var messages: Int?

    @Option(name: .customLong("for"), help: ArgumentHelp("How long load is made at most: 60s, 10m.", valueName: "time"))
    var time: String?

    @Flag(help: "Print no progress.")
    var quiet = false

    func validate() throws {
        if !(1...100).contains(rounds) { throw ValidationError("--rounds must be from 1 to 100") }
    }

    func run() async throws {
        FileLimit.raise()
        try await Failure.told { try await compare() }
    }

    private func compare() async throws {
        var plan = try ScenarioFile.load(scenario)
        plan.limit(messages: messages, milliseconds: try time.map(TimeArgument.milliseconds))
        guard plan.faults.isEmpty || plan.faults.allSatisfy({ $0.action == .cut || $0.action == .slow }) else {
            throw ValidationError("\(plan.name) kills what it measures: compare takes scenarios without such faults")
        }
        let folder = AbsolutePath.of(out ?? "loadtest-compare-\(plan.name)-\(Int(Date().timeIntervalSince1970))")
        var configuration = LoadRun.Configuration(scenario: plan, program: ProgramPath.own, folder: folder)
        if !quiet { configuration.progress = { Output.line($0) } }
        let program = try apus ?? ProgramPath.beside("apus")
        let fixed = plan
        var contenders = [
            LoadComparison.Contender(name: "Apus") { folder, sink in
                try await ApusSystem(ApusSystem.Configuration(program: program, folder: folder, sink: sink, scenario: fixed))
            }
        ]
        var absent: [String] = []
        for name in against.split(separator: ",").map(String.init) {
            guard let server = MailServer(rawValue: name) else {
                throw ValidationError("--against takes \(MailServer.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            if let reason = await server.unavailable(tools: AbsolutePath.of(tools)) {
                absent.append("\(server.rawValue): \(reason)")
                continue
            }
            let (tools, isSigning) = (AbsolutePath.of(tools), !unsigned)
            contenders.append(
                LoadComparison.Contender(name: server.rawValue) { folder, sink in
                    guard sink.resolver == nil else {
                        throw LoadTestError(
                            .invalidScenario, "\(fixed.name) has a sink of many providers: compare takes scenarios whose sink is one server")
                    }
                    var configuration = MTAConfiguration(tools: tools, folder: folder, sink: sink.address, isSigning: isSigning)
                    configuration.connections = fixed.connections
                    return try await server.make(configuration)
                })
        }
        let report = try await LoadComparison(configuration, rounds: rounds).run(contenders, absent: absent)
        try ReportFiles.write(report, to: folder)
        Output.line(TerminalSummary.text(report))
        Output.line("report: \(folder)/comparison.html, .md, .json")
    }
}
