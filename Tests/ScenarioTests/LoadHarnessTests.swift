import ChildProcesses
import Foundation
import LoadTesting
import MailSink
import TestSupport
import Testing

extension Scenarios {
    /// The load testing harness, judged by what it finds when somebody cheats.
    @Suite
    struct LoadHarness {
        private static let scenario = """
            {"name": "honesty", "summary": "10,000 messages, and a sink that keeps wrong accounts.", "settle": "4s", "connections": 20,
             "streams": [{"name": "load", "messages": MESSAGES, "concurrency": 20, "size": "2k", "configurationSets": {"one": 1, "two": 3}}]}
            """

        /// Where ``run(_:in:more:within:meanwhile:)`` writes.
        static func output(in folder: ScratchFolder) -> String { folder.file("out") }

        /// Runs a scenario whose conditions must hold.
        ///
        /// - Parameter meanwhile: what is done once mail flows.
        static func run(
            _ scenario: LoadScenario, in folder: ScratchFolder, more: [String] = [], within limit: Duration = .seconds(110),
            meanwhile: (@Sendable () async throws -> Void)? = nil
        ) async throws -> LoadReport {
            let file = try folder.write(String(decoding: try JSONEncoder().encode(scenario), as: UTF8.self), to: "scenario.json")
            let out = Self.output(in: folder)
            let child = try await Child.start(name: "apus-loadtest run", Programs.loadTest, ["run", file, "--out", out] + more)
            do {
                if let meanwhile {
                    _ = try await child.line(within: limit) { $0.contains(": accepted ") && !$0.contains(" delivered 0,") }
                    try await meanwhile()
                }
                let end = try await child.waitForEnd(within: limit)
                guard end.isSuccess else { throw ChildFailure("\(end)\n\(child.output.all.suffix(60).joined(separator: "\n"))\n\(child.lastWords)") }
            } catch {
                try? await child.kill()
                throw error
            }
            return try ReportJSON.readReport("\(out)/report.json")
        }

        /// Runs the scenario, and gives the exit status with the report.
        private static func run(
            messages: Int, sabotage: String?, in folder: ScratchFolder, more: [String] = []
        ) async throws -> (end: ChildEnd, report: LoadReport, output: String) {
            let file = try folder.write(Self.scenario.replacingOccurrences(of: "MESSAGES", with: String(messages)), to: "scenario.json")
            let out = folder.file("out")
            let result = try await Child.run(
                Programs.loadTest, ["run", file, "--out", out, "--quiet"] + (sabotage.map { ["--sabotage", $0] } ?? []) + more, within: .seconds(120))
            guard FileManager.default.fileExists(atPath: "\(out)/report.json") else {
                throw ChildFailure("no report: \(result.end)\n\(result.output)\n\(result.errors)")
            }
            return (result.end, try ReportJSON.readReport("\(out)/report.json"), result.output)
        }

        @Test
        func anHonestRunHolds() async throws {
            try await Stage.run { stage in
                let (end, report, output) = try await Self.run(messages: 1_000, sabotage: nil, in: stage.folder)
                #expect(end == .exited(0) && report.held, "\(output)")
                #expect(report.messages.accepted == 1_000 && report.recipients.delivered == 1_000, "\(output)")
                #expect(report.latencies.first { $0.measure == "delivery" }?.count == 1_000)
                let page = try String(contentsOfFile: "\(stage.folder.file("out"))/report.html", encoding: .utf8)
                #expect(page.contains("honesty") && page.contains("<svg"))
            }
        }

        /// One in 10,000 is enough to be found.
        @Test
        func aDroppedMessageIsLost() async throws {
            try await Stage.run { stage in
                let (end, report, output) = try await Self.run(messages: 10_000, sabotage: "drop=10000", in: stage.folder)
                #expect(end == .exited(1) && !report.held, "\(output)")
                #expect(report.recipients.lost == 1 && report.recipients.lostExamples.count == 1, "\(output)")
                #expect(report.recipients.delivered == 9_999, "\(output)")
            }
        }

        @Test
        func aDoubledMessageIsFound() async throws {
            try await Stage.run { stage in
                let (end, report, output) = try await Self.run(messages: 1_000, sabotage: "double=1000", in: stage.folder)
                #expect(end == .exited(1) && report.recipients.doubled == 1 && report.recipients.lost == 0, "\(output)")
            }
        }

        @Test
        func anAlteredOctetIsFound() async throws {
            try await Stage.run { stage in
                let (end, report, output) = try await Self.run(messages: 1_000, sabotage: "alter=1000", in: stage.folder)
                #expect(end == .exited(1) && report.recipients.altered == 1 && report.recipients.lost == 0, "\(output)")
            }
        }

        @Test
        func aGeneratorThatFallsBehindSaysSo() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink(rules: [.at("dot", ["delayMilliseconds": 50])])
                let result = try await Child.run(
                    Programs.loadTest,
                    ["generate", "--smtp", sink.address, "--rate", "100", "--even", "--messages", "100", "--concurrency", "1", "--size", "1k"])
                #expect(result.end.isSuccess, "\(result.output) \(result.errors)")
                #expect(result.output.contains("FELL BEHIND") && result.output.contains("connections were busy"), "\(result.output)")
                #expect(result.output.contains("accepted 100, refused 0"), "\(result.output)")
            }
        }

        /// Many providers on addresses of their own, found by DNS, with limits, errors and TLS.
        @Test
        func mailboxProvidersAreFound() async throws {
            try await Stage.run(within: .seconds(200)) { stage in
                var scenario = try ScenarioFile.load("mailbox-providers")
                scenario.limit(messages: 600, milliseconds: nil)
                // So few messages meet too few of the rare errors.
                scenario.conditions.removeAll { $0.measure == "bounced" || $0.measure == "deferrals" }
                let report = try await Self.run(scenario, in: stage.folder, within: .seconds(190))
                #expect(report.messages.accepted == 600)
                #expect(report.recipients.delivered + report.recipients.bounced == 600)
                var reader = try RecordLogReader<Arrival>(path: "\(stage.folder.file("out"))/arrivals.bin")
                let providers = Set(try reader.next().filter { $0.kind == .accepted }.map(\.provider))
                #expect(providers.count >= 5, "\(providers)")
            }
        }

        /// Mailboxes bounce, complain, open and click after they have accepted.
        @Test
        func recipientsReact() async throws {
            try await Stage.run { stage in
                let reports = try await stage.startSink("reports")
                let pages = try await RequestLog.start()
                let file = try stage.folder.write(
                    """
                    {"providers": [{"name": "far", "domains": ["*"], "reactions": {
                        "dsn": {"share": 1, "recipient": "gone@*"}, "complaint": {"share": 1, "recipient": "angry@*", "to": "fbl@mail.apus.test"},
                        "open": {"share": 1, "recipient": "keen@*"}, "click": {"share": 1, "recipient": "keen@*"}}}]}
                    """, to: "sink.json")
                let sink = try await Child.start(
                    name: "reacting sink", Programs.loadTest,
                    [
                        "sink", "--scenario", file, "--base-address", "127.78.0.1", "--port", "0", "--reactions-to", reports.address, "--visit-at",
                        pages.address, "--json-stats",
                    ])
                let ready = try await sink.line(within: .seconds(30)) { $0.contains("ready on ") }
                let server = try stage.makeServer(arguments: ["--route", "*=\(ready.split(separator: " ").last ?? "")"])
                try await server.start()
                let client = try await stage.makeClient(of: server)
                for name in ["gone", "angry", "keen"] {
                    let body = SendEmailBody.simple(
                        from: "ada@example.com", to: ["\(name)@far.test"],
                        html: #"<p><img src="http://track.example.com/open/1.gif"><a href="http://track.example.com/click?to=2">more</a></p>"#)
                    #expect(try await client.send(body, to: server.address).status == 200)
                }
                let requests = try await pages.until(count: 2, within: .seconds(30))
                #expect(requests.contains { $0.hasPrefix("GET /open/1.gif ") && $0.contains("\r\nHost: track.example.com\r\n") }, "\(requests)")
                #expect(requests.contains { $0.hasPrefix("GET /click?to=2 ") }, "\(requests)")
                let mail = try await eventually(within: .seconds(30), "a DSN and a complaint") { () -> [StoredMessage]? in
                    let messages = try reports.messages()
                    return messages.count == 2 ? messages : nil
                }
                let dsn = try #require(mail.first { $0.recipients != ["fbl@mail.apus.test"] })
                #expect(dsn.recipients.allSatisfy { $0.hasSuffix("@mail.apus.test") }, "the return path: \(dsn.recipients)")
                #expect(dsn.text.contains("report-type=delivery-status") && dsn.text.contains("gone@far.test"))
                let complaint = try #require(mail.first { $0.recipients == ["fbl@mail.apus.test"] })
                #expect(complaint.text.contains("report-type=feedback-report") && complaint.text.contains("Feedback-Type: abuse"))
                #expect(try await sink.stop().isSuccess)
                await pages.stop()
            }
        }

        @Test
        func loadDoesNotLeaveTheMachine() async throws {
            let result = try await Child.run(Programs.loadTest, ["generate", "--smtp", "192.0.2.1:25", "--messages", "1"])
            #expect(!result.end.isSuccess && result.errors.contains("--i-own-this-target"), "\(result.errors)")
        }

        /// The network between the system and the far side goes away and comes back.
        @Test
        func cutsAreInjected() async throws {
            try await Stage.run { stage in
                let file = try stage.folder.write(
                    """
                    {"name": "cut", "summary": "Cut for two seconds.", "settle": "60s", "connections": 4,
                     "settings": {"delivery.retry.intervals": ["500ms", "1s"], "delivery.retry.jitter": 0,
                                  "delivery.retry.tiers": ["200ms", "500ms", "1s", "2s", "5s", "10s", "30s"]},
                     "streams": [{"name": "load", "rate": 50, "duration": "5s", "size": "2k"}],
                     "faults": [{"action": "cut", "at": "1s", "lasts": "2s"}],
                     "conditions": [{"measure": "lost", "atMost": 0}, {"measure": "doubled", "atMost": 0, "perFault": 4}]}
                    """, to: "scenario.json")
                let out = stage.folder.file("out")
                let result = try await Child.run(Programs.loadTest, ["run", file, "--out", out, "--quiet"], within: .seconds(100))
                #expect(result.end.isSuccess, "\(result.output) \(result.errors)")
                let report = try ReportJSON.readReport("\(out)/report.json")
                #expect(report.faults.count == 1 && (report.faults.first?.seconds ?? 0) >= 2)
                #expect(report.timeline.contains { $0.waiting > 20 }, "nothing waited while the network was away")
            }
        }
    }
}
