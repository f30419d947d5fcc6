import ArgumentParser
import FoundationEssentials
import LoadTesting
import MailSink

/// `apus-loadtest run`.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a scenario and accounts for every message.",
        discussion: """
            Starts a sink, a mail system and a generator, injects the scenario's faults, waits until every recipient has ended, and writes report.json, \
            report.html and a summary. The exit status is 0 when all conditions of the scenario held, 1 when one did not, 2 when the run failed. \
            Without --ses or --smtp the system is Apus on a new data folder, or with --kafka, --redis and --postgres a cluster on those. An outside \
            system must deliver to the address of --sink.
            """)

    @Argument(help: "Name of a shipped scenario (apus-loadtest scenarios lists them), or a file.")
    var scenario: String

    @Option(help: ArgumentHelp("Folder for the report; made when missing.", valueName: "dir"))
    var out: String?

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("Where the sink listens, for an outside system: HOST:PORT.", valueName: "address"))
    var sink: ListenAddress?

    @Option(help: ArgumentHelp("The apus executable. Default: the one beside this program.", valueName: "file"))
    var apus: String?

    @OptionGroup var cluster: ClusterOptions

    @Option(help: "Messages of each stream at most.")
    var messages: Int?

    @Option(name: .customLong("for"), help: ArgumentHelp("How long load is made at most: 60s, 10m.", valueName: "time"))
    var time: String?

    @Option(help: ArgumentHelp("The sink keeps wrong accounts on purpose: drop=N, double=N or alter=N.", visibility: .hidden))
    var sabotage: String?

    @Flag(help: "Print no progress.")
    var quiet = false

    func run() async throws {
        FileLimit.raise()
        try await Failure.told {
            let report = try await runScenario()
            if !report.held { throw ExitCode(1) }
        }
    }

    private func runScenario() async throws -> LoadReport {
        var plan = try ScenarioFile.load(scenario)
        plan.limit(messages: messages, milliseconds: try time.map(TimeArgument.milliseconds))
        let folder = out ?? "loadtest-\(plan.name)-\(Int(Date().timeIntervalSince1970))"
        var configuration = LoadRun.Configuration(scenario: plan, program: ProgramPath.own, folder: folder)
        configuration.mayLeaveLoopback = target.mayLeaveLoopback
        configuration.sinkAddress = sink?.defaultValueDescription
        if let sabotage {
            guard let value = Sabotage(sabotage) else { throw ValidationError("--sabotage takes drop=N, double=N or alter=N") }
            configuration.sabotage = value
        }
        let name = plan.name
        if !quiet { configuration.progress = { Output.line("\(name): \($0)") } }
        let outside = try target.entrance()
        if outside != nil, sink == nil { throw ValidationError("an outside system needs --sink HOST:PORT: the address that it delivers to") }
        let engines = try cluster.engines()
        if outside != nil, engines != nil {
            throw ValidationError("--kafka, --redis and --postgres are for a cluster that the run starts: give no --ses or --smtp")
        }
        let run = LoadRun(configuration)
        let report = try await run.run { address in
            if let outside { return OutsideSystem(entrance: outside) }
            let program = try apus ?? ProgramPath.beside("apus")
            let system = ApusSystem.Configuration(program: program, folder: "\(folder)/apus", sink: address, scenario: plan)
            if let engines { return try ClusterSystem(system, engines: engines, size: cluster.size) }
            return try await ApusSystem(system)
        }
        try ReportFiles.write(report, to: folder)
        Output.line(TerminalSummary.text(report))
        Output.line("report: \(folder)/report.html, \(folder)/report.json")
        return report
    }
}
