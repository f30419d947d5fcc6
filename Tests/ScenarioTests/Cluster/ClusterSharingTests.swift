import LoadTesting
import MailSink
import TestSupport
import Testing

extension Scenarios {
    /// Who shares a cluster does not hold up others. What is measured here is compared within one run, at full length (`make soak`) only: a machine that
    /// others use as well decides about times as much as Apus does.
    @Suite(.enabled(if: ClusterEngines.missing == nil && Programs.isSoak))
    struct ClusterSharing {
        private static func run(
            _ text: String, _ options: [String], minutes: Int
        ) async throws -> (report: LoadReport, arrivals: [Arrival]) {
            let limit = Duration.seconds(60 * minutes)
            let report = Guarded<LoadReport?>(nil)
            let arrivals = Guarded<[Arrival]>([])
            try await Stage.run(within: limit) { stage in
                let scenario = try LoadScenario(json: Array(text.utf8), name: "sharing")
                let found = try await ClusterEngines.with { try await $0.run(scenario, options, in: stage, within: limit) }
                var reader = try RecordLogReader<Arrival>(path: "\(LoadHarness.output(in: stage.folder))/arrivals.bin")
                var all: [Arrival] = []
                while case let more = try reader.next(), !more.isEmpty { all += more }
                let read = all
                report.withLock { $0 = found }
                arrivals.withLock { $0 = read }
            }
            return (try #require(report.withLock { $0 }), arrivals.withLock { $0 })
        }

        private static func latency(_ report: LoadReport, _ stream: String) throws -> LoadReport.Latency {
            try #require(report.latencies.first { $0.measure == "delivery" && $0.stream == stream }, "\(stream) has no deliveries")
        }

        private static let settings = """
            "settings": {"delivery.retry.intervals": ["5s", "10s", "20s"], "delivery.retry.jitter": 0}, "settle": "5s",
            "conditions": [{"measure": "altered", "atMost": 0}, {"measure": "doubled", "atMost": 0}, {"measure": "refused", "atMost": 0}]
            """

        /// So many as on a cluster that keeps them apart from others: what a fetch costs the test broker grows with all that was ever written.
        private static func many(_ outside: Int, testBroker: Int) -> Int { TestKafka.outside == nil ? testBroker : outside }

        /// A backlog of one pool to a destination that takes one message a second, and a pool all of whose mail is deferred, beside a third pool.
        @Test
        func poolsDoNotDelayEachOther() async throws {
            let backlog = Self.many(50_000, testBroker: 10_000)
            // Seconds until it is there.
            let filled = 40 + backlog / 150
            let (report, _) = try await Self.run(
                """
                {"name": "pools", "summary": "Two pools in trouble, and a third.", "connections": 10,
                 "pools": {"calm": {"addresses": ["127.0.0.2"], "configurationSets": ["calm"]},
                           "slow": {"addresses": ["127.0.0.3"], "configurationSets": ["slow"]},
                           "refused": {"addresses": ["127.0.0.4"], "configurationSets": ["refused"]}},
                 "sink": {"seed": 1, "providers": [
                    {"name": "calm", "domains": ["*.calm.test"]},
                    {"name": "slow", "domains": ["slow.test"], "limits": {"connections": 1},
                     "rules": [{"name": "slow", "stage": "dot", "delayMilliseconds": 1000}]},
                    {"name": "refused", "domains": ["*.refused.test"],
                     "rules": [{"name": "defer", "stage": "mail", "reply": "450 4.7.1 Not now"}]}]},
                 "streams": [
                    {"name": "before", "rate": 30, "duration": "30s", "size": "4k", "accounts": [0], "configurationSets": {"calm": 1},
                     "domains": {"others": 50, "other": "a*.calm.test"}},
                    {"name": "slow", "messages": \(backlog), "rate": 150, "startAfter": "40s", "size": "2k", "accounts": [1],
                     "configurationSets": {"slow": 1}, "domains": {"shares": {"slow.test": 1}, "others": 0}},
                    {"name": "refused", "rate": 20, "startAfter": "40s", "duration": "\(filled + 40)s", "size": "2k", "accounts": [2],
                     "configurationSets": {"refused": 1}, "domains": {"others": 50, "other": "r*.refused.test"}},
                    {"name": "beside", "rate": 30, "startAfter": "\(filled + 15)s", "duration": "60s", "size": "4k", "accounts": [0],
                     "configurationSets": {"calm": 1}, "domains": {"others": 50, "other": "b*.calm.test"}}],
                 \(Self.settings)}
                """, ["--workers", "2", "--movers", "1"], minutes: filled / 60 + 8)
            let before = try Self.latency(report, "before")
            let beside = try Self.latency(report, "beside")
            print(
                "pools: before p50 \(before.p50) p99 \(before.p99), beside p50 \(beside.p50) p99 \(beside.p99) ms; \(report.streams.map(\.accepted))")
            #expect(beside.count == report.streams[3].accepted && before.count == report.streams[0].accepted)
            #expect(try report.streams[1].accepted - Self.latency(report, "slow").count > backlog * 9 / 10)
            // Nothing is lost: what has not ended waits.
            #expect(report.recipients.lost == report.recipients.held)
            #expect(beside.p50 < before.p50 * 2 + 20 && beside.p99 < before.p99 * 2 + 100)
        }

        /// One destination of 200 that takes ten seconds at the final dot, and tarpits in every partition.
        @Test
        func slowDestinationsDoNotDelayOthers() async throws {
            let (report, _) = try await Self.run(
                """
                {"name": "tarpits", "summary": "200 destinations; then one of them slow, and tarpits.", "connections": 4,
                 "sink": {"seed": 1, "providers": [
                    {"name": "others", "domains": ["*.calm.test"]},
                    {"name": "slow", "domains": ["slow.test"], "limits": {"connections": 2},
                     "rules": [{"name": "slow", "stage": "dot", "delayMilliseconds": 10000}]},
                    {"name": "tarpits", "domains": ["*.tar.test"],
                     "rules": [{"name": "tar", "stage": "dot", "delayMilliseconds": 60000}]}]},
                 "streams": [
                    {"name": "before", "rate": 30, "duration": "30s", "size": "4k", "domains": {"others": 199, "other": "a*.calm.test"}},
                    {"name": "slow", "rate": 20, "startAfter": "40s", "duration": "80s", "size": "4k", "domains": {"shares": {"slow.test": 1}, "others": 0}},
                    {"name": "tarpits", "rate": 10, "startAfter": "40s", "duration": "80s", "size": "4k",
                     "domains": {"others": 60, "other": "t*.tar.test"}},
                    {"name": "beside", "rate": 30, "startAfter": "60s", "duration": "60s", "size": "4k",
                     "domains": {"others": 199, "other": "a*.calm.test"}}],
                 \(Self.settings)}
                """, ["--workers", "2", "--movers", "1"], minutes: 8)
            let before = try Self.latency(report, "before")
            let beside = try Self.latency(report, "beside")
            print(
                "tarpits: before p50 \(before.p50) p99 \(before.p99), beside p50 \(beside.p50) p99 \(beside.p99) ms; \(report.streams.map(\.accepted))"
            )
            #expect(beside.count == report.streams[3].accepted && before.count == report.streams[0].accepted)
            #expect(report.recipients.lost == report.recipients.held)
            #expect(beside.p50 < before.p50 * 2 + 20 && beside.p99 < before.p99 * 2 + 100)
        }

        /// Ten messages that people wait for, of one account, while a hundred thousand of another wait in the same pool.
        @Test
        func transactionalMailDoesNotWaitForBulk() async throws {
            let backlog = Self.many(100_000, testBroker: 20_000)
            let filled = backlog / 150
            let (report, _) = try await Self.run(
                """
                {"name": "transactional", "summary": "Ten password resets behind \(backlog) newsletters.", "connections": 4,
                 "sink": {"seed": 1, "rules": [{"name": "slow", "stage": "dot", "recipient": "*bulk*", "delayMilliseconds": 10000}]},
                 "streams": [
                    {"name": "bulk", "messages": \(backlog), "rate": 150, "size": "2k", "accounts": [1],
                     "domains": {"others": 20, "other": "bulk*.sink.test"}},
                    {"name": "transactional", "messages": 10, "rate": 1, "startAfter": "\(filled + 15)s", "size": "4k", "accounts": [0],
                     "domains": {"others": 10, "other": "one*.sink.test"}}],
                 \(Self.settings)}
                """, ["--workers", "2", "--movers", "1"], minutes: filled / 60 + 8)
            let transactional = try Self.latency(report, "transactional")
            let waiting = try #require(report.recipients.held)
            print("transactional behind \(waiting): p50 \(transactional.p50), max \(transactional.maximum) ms; \(report.streams.map(\.accepted))")
            #expect(transactional.count == 10)
            #expect(report.recipients.lost == waiting)
            #expect(waiting > backlog * 8 / 10)
            #expect(transactional.maximum < 1_000)
        }

        /// Far servers that take 300 ms: four workers do what one does, 3.8 times.
        @Test
        func fourWorkersDoFourTimesAsMuch() async throws {
            var rates: [Int: Double] = [:]
            for workers in [1, 4] {
                let (report, arrivals) = try await Self.run(
                    """
                    {"name": "scaling", "summary": "A backlog, and far servers that take 300 ms.", "connections": 2,
                     "sink": {"seed": 1, "rules": [{"name": "slow", "stage": "dot", "delayMilliseconds": 300}]},
                     "streams": [{"name": "load", "messages": \(1000 * workers), "concurrency": 16, "size": "4k",
                                  "domains": {"others": 96, "other": "d*.sink.test", "inTurn": true}}],
                     "settings": {"delivery.maximumConnections": 8, "kafka.partitions": 48},
                     "conditions": [{"measure": "lost", "atMost": 0}, {"measure": "doubled", "atMost": 0}]}
                    """, ["--workers", "\(workers)"], minutes: 5)
                let times = arrivals.map(\.time).sorted()
                // The middle of it: the end belongs to few of the sites.
                let (first, last) = (times[times.count / 5], times[times.count * 3 / 5])
                rates[workers] = Double(times.count) * 0.4 / (Double(last - first) / 1e9)
                #expect(report.recipients.delivered == 1000 * workers)
            }
            let one = try #require(rates[1]), four = try #require(rates[4])
            print("scaling: one worker \(one)/s, four \(four)/s: \(four / one)")
            #expect(four / one >= 3.8)
        }

        /// A backlog of bodies of 100 KB in 64 partitions: no process above 300 MB.
        @Test
        func memoryHasOneBudget() async throws {
            let (report, _) = try await Self.run(
                """
                {"name": "memory", "summary": "A backlog of large bodies in 64 partitions.", "connections": 2,
                 "sink": {"seed": 1, "rules": [{"name": "slow", "stage": "dot", "delayMilliseconds": 300}]},
                 "streams": [{"name": "load", "messages": 6000, "concurrency": 16, "size": "100k",
                              "domains": {"others": 400, "other": "d*.sink.test"}}],
                 "settings": {"kafka.partitions": 64},
                 "settle": "300s", "conditions": [{"measure": "lost", "atMost": 0}, {"measure": "doubled", "atMost": 0}]}
                """, ["--workers", "1"], minutes: 8)
            let largest = report.processes.filter { $0.role == .system }.map { ($0.name, $0.samples.map(\.residentOctets).max() ?? 0) }
            print("memory: \(largest)")
            #expect(report.recipients.delivered == 6000)
            #expect(largest.allSatisfy { $0.1 < 300_000_000 })
        }
    }
}
