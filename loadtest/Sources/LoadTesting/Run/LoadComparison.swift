import MailSink
import FoundationEssentials

/// Runs one scenario on several systems, in alternating rounds: what else the machine does, it does to all.
package struct LoadComparison: Sendable {
    /// One of the systems: each round gets a new one.
    package struct Contender: Sendable {
        package var name: String
        /// - Parameters: a folder for this round's system, and where it is to deliver to.
        package var make: @Sendable (_ folder: String, _ sink: SinkAddress) async throws -> any MailSystem

        package init(name: String, make: @escaping @Sendable (_ folder: String, _ sink: SinkAddress) async throws -> any MailSystem) {
            self.name = name
            self.make = make
        }
    }

    private let configuration: LoadRun.Configuration
    private let rounds: Int

    /// - Parameter configuration: of each run; its folder gets one folder a run.
    package init(_ configuration: LoadRun.Configuration, rounds: Int) {
        self.configuration = configuration
        self.rounds = rounds
    }

    /// - Parameters:
    ///   - contenders: the first is what the others are compared with.
    ///   - absent: contenders that cannot run here, each with its reason.
    /// - Throws: ``LoadTestError`` when a contender does not do what it should: a comparison with holes would mislead.
    package func run(_ contenders: [Contender], absent: [String]) async throws -> ComparisonReport {
        let started = Double(WallClock.now()) / 1e9
        var reports = [[LoadReport]](repeating: [], count: contenders.count)
        for round in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                var single = configuration
                let folder = "\(configuration.folder)/\(round + 1)-\(Self.fileName(contender.name))"
                single.folder = folder
                if let progress = configuration.progress { single.progress = { progress("round \(round + 1), \(contender.name): \($0)") } }
                let report = try await LoadRun(single).run { try await contender.make("\(folder)/system", $0) }
                reports[index].append(report)
            }
        }
        return ComparisonReport(
            scenario: configuration.scenario.name, summary: configuration.scenario.summary, machine: .current(), startedAt: started, rounds: rounds,
            contenders: reports.compactMap { runs in runs.first.map { ComparisonReport.Contender(system: $0.system, reports: runs) } }, absent: absent
        )
    }

    private static func fileName(_ name: String) -> String {
        String(decoding: name.utf8.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A ? $0 | 0x20 : 0x2D }, as: UTF8.self)
    }
}
