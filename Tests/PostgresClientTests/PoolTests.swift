import PostgresClient
import Testing

@Suite struct PoolTests {
    @Test func connectionsAreBoundedAndShared() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 2 }) { fixture in
            let processes = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<40 { group.addTask { try await fixture.client.run(PostgresFixture.processID).integer(0, 0) } }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
            #expect((1...2).contains(processes.count))
            #expect((1...2).contains(fixture.client.status.connectsMade) && fixture.client.status.connectsFailed == 0)
        }
    }

    @Test func tooManyWhoWaitAreRefused() async throws {
        try await PostgresFixture.run({
            $0.maximumConnections = 1
            $0.maximumWaiting = 1
        }) { fixture in
            let codes = try await fixture.client.withSession { _ in
                await withTaskGroup(of: PostgresError.Code?.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            do {
                                _ = try await fixture.client.run(PostgresFixture.processID)
                                return nil
                            } catch {
                                return (error as? PostgresError)?.code
                            }
                        }
                    }
                    // One of the two waits; the other comes back at once.
                    let first = await group.next() ?? nil
                    group.cancelAll()
                    return [first, await group.next() ?? nil]
                }
            }
            #expect(codes == [.overloaded, nil])
        }
    }

    @Test func waitingForAConnectionEnds() async throws {
        try await PostgresFixture.run({
            $0.maximumConnections = 1
            $0.acquireTimeout = .seconds(2)
        }) { fixture in
            try await fixture.client.withSession { _ in
                let error = await #expect(throws: PostgresError.self) { try await fixture.client.run(PostgresFixture.processID) }
                #expect(error?.code == .timeout)
            }
            _ = try await fixture.client.run(PostgresFixture.processID)
        }
    }

    @Test func aTransactionLeftOpenIsRolledBack() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 1 }) { fixture in
            let table = "\(fixture.schema).t"
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(table) (n bigint)"))
            try await fixture.client.withSession { session in
                _ = try await session.run([PostgresStatement("BEGIN"), PostgresStatement("INSERT INTO \(table) VALUES (1)")])
            }
            // Begun by a batch of its own, too.
            _ = try await fixture.client.run([PostgresStatement("BEGIN"), PostgresStatement("INSERT INTO \(table) VALUES (2)")])
            #expect(try await fixture.client.run(PostgresStatement("SELECT count(*) FROM \(table)")).integer(0, 0) == 0)
        }
    }

    @Test func aClosedClientSaysSo() async throws {
        try await PostgresFixture.run { fixture in
            await fixture.client.close()
            await fixture.client.close()
            let error = await #expect(throws: PostgresError.self) { try await fixture.client.run(PostgresFixture.processID) }
            #expect(error?.code == .closed)
        }
    }

    @Test(.timeLimit(.minutes(1))) func closingWaitsForWhatRuns() async throws {
        try await PostgresFixture.run { fixture in
            let lock: [PostgresValue] = [.text(fixture.schema)]
            let other = try PostgresClient(fixture.client.configuration)
            try await other.withSession { session in
                _ = try await session.run([PostgresStatement("SELECT pg_advisory_lock(hashtext($1))", lock)])
                async let slow = fixture.client.run(PostgresStatement("SELECT 7 FROM pg_advisory_xact_lock(hashtext($1))", lock)).integer(0, 0)
                let isWaiting = PostgresStatement(
                    "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = hashtext($1)::oid", lock)
                while try await !session.run([isWaiting])[0].boolean(0, 0) {}
                async let closing: Void = fixture.client.close()
                // It has begun to close when it takes no more.
                while true {
                    do {
                        _ = try await fixture.client.run(PostgresFixture.processID)
                    } catch let error as PostgresError where error.code == .closed {
                        break
                    }
                }
                _ = try await session.run([PostgresStatement("SELECT pg_advisory_unlock(hashtext($1))", lock)])
                #expect(try await slow == 7)
                await closing
            }
            await other.close()
        }
    }
}
