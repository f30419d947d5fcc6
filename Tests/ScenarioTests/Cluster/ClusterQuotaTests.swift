import LoadTesting
import MailSink
import TestSupport
import Testing

extension Scenarios {
    /// An account's rate, kept by four workers together.
    @Suite(.enabled(if: ClusterEngines.missing == nil))
    struct ClusterQuotas {
        /// What is sent in any window is at most rate × time + burst, and in all at least 97 % of that; at one a second, one short.
        @Test(arguments: Programs.isSoak ? [1, 100, 1000] : [100])
        func fourWorkersKeepOneRate(rate: Int) async throws {
            try await Stage.run(within: .seconds(300)) { stage in
                let seconds = Programs.isSoak ? 30 : 12
                // The most recipients of one call may come at once.
                let burst = max(rate, 50)
                let messages = rate * seconds + burst
                let text = """
                    {"name": "rate", "summary": "An account's rate.", "connections": 50, "settle": "\(seconds + 60)s",
                     "streams": [{"name": "load", "messages": \(messages), "concurrency": 16, "size": "2k",
                                  "domains": {"others": 40, "other": "d*.sink.test"}}],
                     "settings": {"accounts.maximumSendRate": \(rate)},
                     "conditions": [{"measure": "lost", "atMost": 0}, {"measure": "doubled", "atMost": 0}, {"measure": "refused", "atMost": 0}]}
                    """
                let scenario = try LoadScenario(json: Array(text.utf8), name: "rate")
                let report = try await ClusterEngines.with { try await $0.run(scenario, ["--workers", "4"], in: stage, within: .seconds(280)) }
                var reader = try RecordLogReader<Arrival>(path: "\(LoadHarness.output(in: stage.folder))/arrivals.bin")
                var times: [Int64] = []
                while case let more = try reader.next(), !more.isEmpty { times += more.filter { $0.kind == .accepted }.map(\.time) }
                times.sort()
                #expect(times.count == messages && report.recipients.delivered == messages)
                let (first, last) = (try #require(times.first), try #require(times.last))
                // In each window, how much more than rate × time: the largest over all pairs, in one pass.
                var (most, least) = (-Double.infinity, Double.infinity)
                for (index, time) in times.enumerated() {
                    let ahead = Double(index) - Double(rate) * Double(time - first) / 1e9
                    least = min(least, ahead)
                    most = max(most, ahead + 1 - least)
                }
                let share = Double(messages - burst) / (Double(rate) * Double(last - first) / 1e9)
                print("cluster, \(rate)/s by four workers: at most \(most) above the rate (burst \(burst)), \(share) of what is allowed")
                // The sink sees a message some time after its token: that differs by less than half a second.
                #expect(most <= Double(burst) + Double(rate) / 2)
                #expect(share >= 0.97 || Double(rate) * Double(last - first) / 1e9 - Double(messages - burst) <= 1)
            }
        }
    }
}
