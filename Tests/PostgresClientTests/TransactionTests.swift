import ChildProcesses
import PostgresClient
import TestSupport
import Testing

@Suite struct TransactionTests {
    @Test func commitsWhenItReturnsAndNotWhenItThrows() async throws {
        struct Stop: Error {}
        try await PostgresFixture.run { fixture in
            let table = "\(fixture.schema).t"
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(table) (n bigint)"))
            let insert = PostgresStatement("INSERT INTO \(table) VALUES (1)")
            let count = PostgresStatement("SELECT count(*) FROM \(table)")
            try await fixture.client.withTransaction { _ = try await $0.run([insert]) }
            try await fixture.client.withTransaction { transaction in
                let results = try await transaction.commit([insert, count])
                #expect(results.count == 2)
                #expect(try results[1].integer(0, 0) == 2)
            }
            await #expect(throws: Stop.self) {
                try await fixture.client.withTransaction { transaction in
                    _ = try await transaction.run([insert])
                    throw Stop()
                }
            }
            #expect(try await fixture.client.run(count).integer(0, 0) == 2)
        }
    }

    /// PostgreSQL answers COMMIT after a failed statement with a rollback, and without an error.
    @Test func aSwallowedErrorIsNoCommit() async throws {
        try await PostgresFixture.run { fixture in
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.withTransaction { transaction in
                    _ = try? await transaction.run([PostgresStatement("SELECT 1/0")])
                }
            }
            #expect(error?.message.contains("rolled") == true)
        }
    }

    /// Each reads what the other writes: one of two must fail, and then succeeds.
    @Test func aSerializationFailureIsTriedAgain() async throws {
        try await PostgresFixture.run { fixture in
            let table = "\(fixture.schema).t"
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(table) (n bigint)"))
            _ = try await fixture.client.run(PostgresStatement("INSERT INTO \(table) VALUES (0)"))
            let attempts = Guarded(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await fixture.client.withTransaction(.serializable, attempts: 100) { transaction in
                            attempts.withLock { $0 += 1 }
                            let value = try await transaction.run([PostgresStatement("SELECT n FROM \(table), pg_sleep(0.05)")])[0].integer(0, 0)
                            try await transaction.commit([PostgresStatement("UPDATE \(table) SET n = $1", [.integer(value + 1)])])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.client.run(PostgresStatement("SELECT n FROM \(table)")).integer(0, 0) == 4)
            #expect(attempts.withLock { $0 } > 4)
        }
    }

    @Test func aDeadlockIsTriedAgain() async throws {
        try await PostgresFixture.run { fixture in
            let table = "\(fixture.schema).t"
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(table) (id bigint PRIMARY KEY, n bigint)"))
            _ = try await fixture.client.run(PostgresStatement("INSERT INTO \(table) VALUES (1, 0), (2, 0)"))
            let attempts = Guarded(0)
            let update = "UPDATE \(table) SET n = n + 1 WHERE id = $1"
            // Neither goes on before both have their first row.
            let holders = Guarded(0)
            let changed = ChangeSignal()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order: [Int64] in [[1, 2], [2, 1]] {
                    group.addTask {
                        try await fixture.client.withTransaction { transaction in
                            attempts.withLock { $0 += 1 }
                            _ = try await transaction.run([PostgresStatement(update, [.integer(order[0])])])
                            holders.withLock { $0 += 1 }
                            changed.raise()
                            try await changed.until { holders.withLock { $0 >= 2 } }
                            _ = try await transaction.run([PostgresStatement(update, [.integer(order[1])])])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.client.run(PostgresStatement("SELECT sum(n)::bigint FROM \(table)")).integer(0, 0) == 4)
            #expect(attempts.withLock { $0 } == 3)
        }
    }
}
