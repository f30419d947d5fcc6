import ChildProcesses
import FoundationEssentials
package import MailSink
import NIOCore
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
    /// - Parameter makeSystem: gets where everything is to be delivered to.
    /// - Throws: ``LoadTestError`` when something cannot be started or ends by itself. That conditions do not hold is no error: see ``LoadReport/held``.
    package func run(_ makeSystem: (SinkAddress) async throws -> any MailSystem) async throws -> LoadReport {
        try FileManager.default.createDirectory(atPath: configuration.folder, withIntermediateDirectories: true)
        let sink = try await startSink()
        do {
            let proxy = try await startProxyIfNeeded(to: sink.address)
            let system = try await makeSystem(SinkAddress(address: proxy?.address ?? sink.address.address, resolver: sink.address.resolver))
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

    private func startSink() async throws -> (child: Child, address: SinkAddress) {
        var arguments = ["sink", "--record", arrivalsFile, "--max-connections", "20000"]
        let plan = try SinkPlan(scenario.sink)
        let file = "\(configuration.folder)/sink.json"
        switch plan {
        case .oneServer(let rules):
            arguments += ["--listen", configuration.sinkAddress ?? "127.0.0.1:0"]
            if let rules {
                try Data(rules).write(to: URL(filePath: file))
                arguments += ["--respond", file]
            }
        case .providers(let text):
            if let address = configuration.sinkAddress {
                throw LoadTestError(
                    .invalidScenario, "providers have addresses of their own: take a scenario with one sink for an outside system, not \(address)")
            }
            try Data(text).write(to: URL(filePath: file))
            arguments += ["--scenario", file, "--port", "0", "--dns", "127.0.0.1:0"]
        }
        if let sabotage = configuration.sabotage { arguments += ["--sabotage", "\(sabotage.kind.rawValue)=\(sabotage.every)"] }
        let child = try await Child.start(name: "apus-loadtest sink", configuration.program, arguments, outputLimit: 100)
        do {
            let ready = try await child.line(within: .seconds(30)) { $0.contains(": ready on ") }
            var address = SinkAddress(address: try Self.address(in: ready))
            if plan.playsProviders {
                let dns = try Self.address(in: try await child.line(within: .seconds(30)) { $0.contains(": DNS on ") })
                address.resolver = "\(dns.ipAddress ?? "127.0.0.1")@\(dns.port ?? 53)"
            }
            return (child, address)
        } catch {
            try? await child.kill()
            throw error
        }
    }

    /// The first address of a line such as `apus-loadtest sink: ready on 127.0.0.1:2525 127.0.0.2:2525`.
    private static func address(in line: String) throws -> SocketAddress {
        guard let on = line.firstRange(of: " on "), let text = line[on.upperBound...].split(separator: " ").first,
            let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...])
        else {
            throw LoadTestError(.processFailed, "the sink's line names no address: \(line)")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return try SocketAddress(ipAddress: String(host), port: port)
    }

    private func startProxyIfNeeded(to target: SinkAddress) async throws -> FaultyProxy? {
        guard scenario.faults.contains(where: { $0.action == .cut || $0.action == .slow }) else { return nil }
        return try await FaultyProxy.start(to: target.address)
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
