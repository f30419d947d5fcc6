import ChildProcesses
import Glibc
import PostgresClient
import TestSupport
import Testing

/// Connections that break, and servers that go and come back.
@Suite struct RecoveryTests {
    @Test(.timeLimit(.minutes(1))) func aConnectionThatIsCutIsReplaced() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 2 }) { fixture in
            let watch = try PostgresClient(fixture.client.configuration)
            let cut = PostgresStatement("SELECT pg_terminate_backend($1::int)")
            for _ in 0..<10 {
                let process = try await fixture.client.run(PostgresFixture.processID).integer(0, 0)
                var statement = cut
                statement.parameters = [.text("\(process)")]
                _ = try await watch.run(statement)
                // Whether it was noticed or not: what may be repeated is.
                #expect(try await fixture.client.run(PostgresFixture.processID, isRepeatable: true).integer(0, 0) != process)
            }
            // In the middle of a transaction, which is done again.
            let attempts = Guarded(0)
            try await fixture.client.withTransaction { transaction in
                let attempt = attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                }
                let process = try await transaction.run([PostgresFixture.processID])[0].integer(0, 0)
                var statement = cut
                statement.parameters = [.text("\(process)")]
                if attempt == 1 { _ = try await watch.run(statement) }
                _ = try await transaction.run([PostgresFixture.processID])
            }
            #expect(attempts.withLock { $0 } == 2)
            await watch.close()
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [false, true]) func aServerThatGoesAndComesBackIsUsedAgain(isKilled: Bool) async throws {
        let server = try await PostgresServer.start()
        let client = try PostgresClient(PostgresConfiguration(server.uri()))
        let events = Guarded<[String]>([])
        let changed = ChangeSignal()
        let subscription = client.subscribe(to: "news.\"of\" us") { event in
            events.withLock { events in
                switch event {
                case .listening: events.append("listening")
                case .notified(let notification): events.append("\(notification.channel): \(notification.payload)")
                case .interrupted: if events.last != "interrupted" { events.append("interrupted") }
                }
            }
            changed.raise()
        }
        let notify = PostgresStatement("SELECT pg_notify('news.\"of\" us', $1)", [.text("a")])
        try await changed.until { events.withLock { $0 == ["listening"] } }
        _ = try await client.run(notify)
        try await changed.until { events.withLock { $0.count == 2 } }
        if isKilled { try await server.kill() } else { try await server.stop() }
        // With what it said while it went, or refused: no time limit runs out.
        let clock = ContinuousClock()
        let start = clock.now
        let error = await #expect(throws: PostgresError.self) { try await client.run(PostgresFixture.processID, isRepeatable: true) }
        #expect([.unreachable, .connectionLost].contains(error?.code))
        #expect(clock.now - start < .seconds(3))
        try await server.resume()
        let answer: Int64 = try await eventually(within: .seconds(10), "an answer after the restart") {
            try? await client.run(PostgresStatement("SELECT 5")).integer(0, 0)
        }
        #expect(answer == 5)
        try await changed.until { events.withLock { $0.last == "listening" } }
        _ = try await client.run(notify)
        try await changed.until { events.withLock { $0.last == "news.\"of\" us: a" } }
        #expect(events.withLock { $0 } == ["listening", "news.\"of\" us: a", "interrupted", "listening", "news.\"of\" us: a"])
        subscription.cancel()
        await client.close()
        try await server.stop()
    }

    /// A server process that is stopped keeps its connection and says nothing: only time tells.
    @Test(.timeLimit(.minutes(1))) func aSilentConnectionIsGivenUp() async throws {
        guard TestDatabase.outside == nil else { return }
        try await PostgresFixture.run({ $0.maximumConnections = 1 }) { fixture in
            let process = try await fixture.client.run(PostgresFixture.processID).integer(0, 0)
            kill(Int32(process), SIGSTOP)
            defer {
                kill(Int32(process), SIGCONT)
            }
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.run(PostgresFixture.processID, timeout: .milliseconds(200))
            }
            #expect(error?.code == .timeout)
            #expect(try await fixture.client.run(PostgresFixture.processID).integer(0, 0) != process)
        }
    }
}
