import PostgresClient
import Testing

@Suite struct TimeLimitTests {
    private static let isSleeping = "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1"

    /// - Parameter mark: a comment in the statement by which it is known.
    private static func waitUntil(_ mark: String, isRunning: Bool, _ client: PostgresClient) async throws {
        let statement = PostgresStatement(Self.isSleeping, [.text("SELECT pg_sleep(600) -- \(mark)%")])
        while try await client.run(statement).boolean(0, 0) != isRunning {}
    }

    @Test(.timeLimit(.minutes(1))) func aStatementHasItsTimeAndIsCancelledInTheServer() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 2 }) { fixture in
            let mark = fixture.schema
            let clock = ContinuousClock()
            let start = clock.now
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.run(PostgresStatement("SELECT pg_sleep(600) -- \(mark)"), timeout: .milliseconds(200))
            }
            #expect(error?.code == .timeout)
            #expect(clock.now - start >= .milliseconds(200))
            try await Self.waitUntil(mark, isRunning: false, fixture.client)
        }
    }

    /// For a client that is gone or does not keep the time.
    @Test func theServerKnowsTheLimitToo() async throws {
        try await PostgresFixture.run({ $0.statementTimeout = .milliseconds(300) }) { fixture in
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.run(PostgresStatement("SELECT pg_sleep(600)"), timeout: .seconds(60))
            }
            #expect(error?.sqlState == .queryCanceled)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTransactionLeftStandingIsEndedByTheServer() async throws {
        try await PostgresFixture.run({ $0.idleTransactionTimeout = .milliseconds(100) }) { fixture in
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.withSession { session in
                    _ = try await session.run([PostgresStatement("BEGIN")])
                    var hasEnded = false
                    while !hasEnded {
                        hasEnded = try await fixture.client.run(
                            PostgresStatement(
                                "SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database() AND query = 'BEGIN'"
                            )
                        ).boolean(0, 0)
                    }
                    _ = try await session.run([PostgresStatement("SELECT 1")])
                }
            }
            #expect(error?.code == .connectionLost)
        }
    }

    @Test(.timeLimit(.minutes(1))) func cancellingATaskCancelsItsStatementOnly() async throws {
        // One connection: the statements after it run where it ran, and must not be hit.
        try await PostgresFixture.run({ $0.maximumConnections = 1 }) { fixture in
            let watch = try PostgresClient(fixture.client.configuration)
            let process = try await fixture.client.run(PostgresFixture.processID).integer(0, 0)
            for index in 0..<10 {
                let mark = "\(fixture.schema) \(index)"
                let task = Task { try await fixture.client.run(PostgresStatement("SELECT pg_sleep(600) -- \(mark)")) }
                try await Self.waitUntil(mark, isRunning: true, watch)
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                #expect(try await fixture.client.run(PostgresFixture.processID).integer(0, 0) == process)
            }
            await watch.close()
        }
    }

    @Test func aCancelledTaskGetsNoConnection() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 1 }) { fixture in
            try await fixture.client.withSession { _ in
                let task = Task { try await fixture.client.withSession { _ in } }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            _ = try await fixture.client.run(PostgresFixture.processID)
        }
    }

    /// The lease's holder goes on where its cancelled statement ran.
    @Test(.timeLimit(.minutes(1))) func aSessionGoesOnAfterATimeLimit() async throws {
        try await PostgresFixture.run { fixture in
            try await fixture.client.withSession { session in
                let before = try await session.run([PostgresFixture.processID])[0].integer(0, 0)
                await #expect(throws: PostgresError.self) {
                    try await session.run([PostgresStatement("SELECT pg_sleep(600)")], timeout: .milliseconds(50))
                }
                #expect(try await session.run([PostgresFixture.processID])[0].integer(0, 0) == before)
            }
        }
    }
}
