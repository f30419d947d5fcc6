import LoadTesting
import TestSupport
import Testing

extension Scenarios {
    /// SIGTERM in the middle of work.
    @Suite
    struct TerminateUnderLoad {
        /// Some sessions are always open when the signal comes.
        @Test
        func nothingIsLostAndNothingDoubled() async throws {
            let restarts = Programs.isSoak ? 20 : 3
            try await Stage.run(within: .seconds(60 + 30 * restarts)) { stage in
                var scenario = try ScenarioFile.load("rolling-restart")
                scenario.faults[0].times = restarts
                scenario.streams[0].duration = ScenarioNumber(Double(restarts) * 4_000 + 2_000)
                let report = try await LoadHarness.run(scenario, in: stage.folder, within: .seconds(50 + 30 * restarts))
                print("SIGTERM, \(restarts) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == restarts)
                #expect(report.recipients.bounced == 0)
            }
        }
    }
}
