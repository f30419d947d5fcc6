import LoadTesting
import TestSupport
import Testing

extension Scenarios {
    /// `kill -9` in the middle of work, and a start on what it left.
    @Suite
    struct KillUnderLoad {
        /// Every tenth recipient is refused and another tenth waits: kills fall into bounces and retries as well. A kill may double one message a session.
        @Test
        func nothingAnsweredIsLost() async throws {
            let kills = Programs.isSoak ? 50 : 5
            try await Stage.run(within: .seconds(60 + 30 * kills)) { stage in
                var scenario = try ScenarioFile.load("kill-storm")
                scenario.faults[0].times = kills
                scenario.streams[0].duration = ScenarioNumber(Double(kills) * 4_000)
                let report = try await LoadHarness.run(scenario, in: stage.folder, within: .seconds(50 + 30 * kills))
                print("kill -9, \(kills) times: \(report.messages) \(report.recipients)")
                #expect(report.faults.count == kills)
                #expect(report.recipients.delivered > 0 && report.recipients.bounced > 0 && report.recipients.deferrals > 0)
            }
        }
    }
}
