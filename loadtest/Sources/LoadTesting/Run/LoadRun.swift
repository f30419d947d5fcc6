import ChildProcesses
import FoundationEssentials
package import MailSink
package import NIOCore
import NIOPosix

/// One run of a scenario: sink, system, load and faults, accounted for to the last recipient.
///
/// Sink and generator are processes of their own (this executable again), so that what they cost is seen, and what they saw lies in two record files.
package struct LoadRun: Sendable {
    package struct Configuration: Sendable {
        package var scenario: LoadScenario
        /// This executable: its `sink` and `generate` are started.
        package var program: String
        /// Where everything of the run is written; made when missing.
        package var folder: String
        /// Wrong accounts on purpose.
        package var sabotage: Sabotage?
        package var mayLeaveLoopback = false
        /// Says how far it is, about once a second.
        package var progress: (@Sendable (String) -> Void)?
        /// Where an outside system delivers to: the sink listens there. nil takes a free port.
        package var sinkAddress: String?

        package init(scenario: LoadScenario, program: String, folder: String) {
            self.scenario = scenario
            self.program = program
            self.folder = folder
        }
    }

    private let configuration: Configuration
    private var scenario: LoadScenario { configuration.scenario }

    package init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// Runs it.
    ///
    /// - Parameter makeSystem: gets the address that everything is to be delivered to.
    /// - Throws: ``LoadTestError`` when something cannot be started or ends by itself. That conditions do not hold is no error: see ``LoadReport/held``.
    package func run(_ makeSystem: (SocketAddress) async throws -> any MailSystem) async throws -> LoadReport {
        try FileManager.default.createDirectory(atPath: configuration.folder, withIntermediateDirectories: true)
        let sink = try await startSink()
        do {
            let target = try Self.address(ofReadyLine: sink.ready)
            let proxy = try await startProxyIfNeeded(to: target)
            let system = try await makeSystem(proxy?.address ?? target)
            do {
                let report = try await run(system, sink: sink.child, proxy: proxy)
                try? await system.stop(within: .seconds(60))
                await system.remove()
                await proxy?.stop()
                _ = try? await sink.child.stop()
                return report
            } catch {
                await system.remove()
                await proxy?.stop()
                throw error
            }
        } catch {
            try? await sink.child.kill()
            throw error
        }
    }

    private var arrivalsFile: String { "\(configuration.folder)/arrivals.bin" }
    private var sentFile: String { "\(configuration.folder)/sent.bin" }

    private func startSink() async throws -> (child: Child, ready: String) {
        var arguments = ["sink", "--listen", configuration.sinkAddress ?? "127.0.0.1:0", "--record", arrivalsFile, "--max-connections", "20000"]
        if let rules = scenario.sink {
            let file = "\(configuration.folder)/sink.json"
            try JSONEncoder().encode(rules).write(to: URL(filePath: file))
            arguments += ["--respond", file]
        }
        if let sabotage = configuration.sabotage { arguments += ["--sabotage", "\(sabotage.kind.rawValue)=\(sabotage.every)"] }
        let child = try await Child.start(name: "apus-loadtest sink", configuration.program, arguments, outputLimit: 100)
        return (child, try await child.line(within: .seconds(30)) { $0.contains("ready on") })
    }

    private static func address(ofReadyLine line: String) throws -> SocketAddress {
        guard let text = line.split(separator: " ").last, let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...])
        else {
            throw LoadTestError(.processFailed, "the sink's ready line names no address: \(line)")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return try SocketAddress(ipAddress: String(host), port: port)
    }

    private func startProxyIfNeeded(to target: SocketAddress) async throws -> FaultyProxy? {
        guard scenario.faults.contains(where: { $0.action == .cut || $0.action == .slow }) else { return nil }
        return try await FaultyProxy.start(to: target)
    }

    // MARK: - The load

    private func run(_ system: any MailSystem, sink: Child, proxy: FaultyProxy?) async throws -> LoadReport {
        try await system.start()
        let number = UInt32.random(in: 1...UInt32.max)
        let generator = try await startGenerator(run: number, entrance: try await system.entrance)
        let begin = WallClock.now()
        let injector = FaultInjector(system: system, proxy: proxy, begin: begin)
        var watch = RunWatch(
            ledger: LoadLedger(run: number, streams: scenario.streams, begin: begin, keepsIDs: true),
            arrivals: try RecordLogReader(path: arrivalsFile),
            sent: try RecordLogReader(path: sentFile), begin: begin, system: system, sink: sink, generator: generator,
            settle: scenario.settle.value, progress: configuration.progress)
        let faults = scenario.faults
        // A fault that fails makes the run fail: what follows would not be the scenario.
        async let injected = injector.run(faults)
        do {
            try await watch.untilSettled(loadEnded: { generator.end }, faultsEnded: { injector.isOver })
            return try await watch.report(scenario: scenario, faults: try await injected)
        } catch {
            try? await generator.kill()
            throw error
        }
    }

    private func startGenerator(run: UInt32, entrance: LoadEntrance) async throws -> Child {
        let plan = GeneratePlan(streams: scenario.streams, run: run)
        let file = "\(configuration.folder)/streams.json"
        try JSONEncoder().encode(plan).write(to: URL(filePath: file))
        var arguments = ["generate", "--plan", file, "--record", sentFile, "--json"]
        var environment = Child.plainEnvironment()
        switch entrance {
        case .smtp(let host, let port): arguments += ["--smtp", "\(host):\(port)"]
        case .ses(let entrance):
            arguments += ["--ses", "\(entrance.isTLS ? "https" : "http")://\(entrance.host):\(entrance.port)", "--region", entrance.region]
            // Secrets of throw-away accounts, yet not for the process table.
            environment["APUS_LOADTEST_KEYS"] = entrance.keys.map { "\($0.id):\($0.secret)" }.joined(separator: ",")
        }
        if configuration.mayLeaveLoopback { arguments.append("--i-own-this-target") }
        let child = try await Child.start(
            name: "apus-loadtest generate", configuration.program, arguments, environment: environment, outputLimit: 100)
        _ = try await child.line(within: .seconds(30)) { $0.contains("begins") }
        return child
    }
}
