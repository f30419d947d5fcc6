import PostgresClient
import Testing

@Suite struct StatementTests {
    @Test func valuesTravelBothWays() async throws {
        try await PostgresFixture.run { fixture in
            let bytes: [UInt8] = [0, 1, 0xff, 0x27, 0x5c]
            let result = try await fixture.client.run(
                PostgresStatement(
                    "SELECT $1::bytea, $2::text, $3::bigint, $4::boolean, $5::bytea, $6::bytea, $7::int, array_length($8::bytea[], 1), $9::bigint[] = '{1,-2}', $10::smallint",
                    [
                        .bytes(bytes), .text("né\u{1f600}"), .integer(.min), .boolean(true), .null, .bytes([]), .text("-7"),
                        .bytesArray([[], bytes, [0]]), .integerArray([1, -2]), .text("-3"),
                    ]))
            #expect(result.rowCount == 1)
            #expect(result.columnCount == 10)
            #expect(try result.bytes(0, 0) == bytes)
            #expect(try result.text(0, 1) == "né\u{1f600}")
            #expect(try result.integer(0, 2) == .min)
            #expect(try result.boolean(0, 3))
            #expect(result.isNull(0, 4))
            #expect(!result.isNull(0, 5))
            #expect(try result.bytes(0, 5) == [])
            #expect(try result.integer(0, 6) == -7)
            #expect(try result.integer(0, 7) == 3)
            #expect(try result.boolean(0, 8))
            #expect(try result.integer(0, 9) == -3)
            #expect(throws: PostgresError.self) { try result.bytes(0, 4) }
            #expect(throws: PostgresError.self) { try result.integer(0, 1) }
            let empty = try await fixture.client.run(PostgresStatement("SELECT count(*) FROM unnest($1::bytea[])", [.bytesArray([])]))
            #expect(try empty.integer(0, 0) == 0)
        }
    }

    @Test func aTextWithNULIsRefused() async throws {
        try await PostgresFixture.run { fixture in
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.run(PostgresStatement("SELECT $1::text", [.text("a\0b")]))
            }
            #expect(error?.code == .configuration)
        }
    }

    @Test func aBatchIsOneTransactionAndItsFirstErrorIsTold() async throws {
        try await PostgresFixture.run { fixture in
            let table = "\(fixture.schema).t"
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(table) (n bigint PRIMARY KEY)"))
            let insert = PostgresStatement("INSERT INTO \(table) SELECT * FROM unnest($1)", [.integerArray([1, 2, 3])])
            let results = try await fixture.client.run([insert, PostgresStatement("SELECT n FROM \(table) ORDER BY n")])
            #expect(results[0].affectedRows == 3)
            #expect(try (0..<3).map { try results[1].integer($0, 0) } == [1, 2, 3])
            let error = await #expect(throws: PostgresError.self) {
                try await fixture.client.run([
                    PostgresStatement("DELETE FROM \(table)"), PostgresStatement("SELECT * FROM \(fixture.schema).missing"),
                    PostgresStatement("SELECT 1/0"),
                ])
            }
            #expect(error?.code == .server)
            #expect(error?.sqlState == .undefinedTable)
            let count = try await fixture.client.run(PostgresStatement("SELECT count(*) FROM \(table)"))
            #expect(try count.integer(0, 0) == 3)
        }
    }

    /// PostgreSQL's words for a violated constraint or an unreadable value quote it; ours do not.
    @Test func errorsDoNotQuoteData() async throws {
        try await PostgresFixture.run { fixture in
            let table = "\(fixture.schema).t"
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(table) (address text CONSTRAINT one_address PRIMARY KEY)"))
            let insert = PostgresStatement("INSERT INTO \(table) VALUES ($1)", [.text("someone@example.com")])
            _ = try await fixture.client.run(insert)
            let twice = await #expect(throws: PostgresError.self) { try await fixture.client.run(insert) }
            #expect(twice?.sqlState == .uniqueViolation)
            #expect(twice.map { "\($0)".contains("one_address") && !"\($0)".contains("someone") } == true)
            let unreadable = await #expect(throws: PostgresError.self) {
                try await fixture.client.run(PostgresStatement("SELECT $1::bigint + 1", [.text("someone@example.com")]))
            }
            #expect(unreadable.map { !"\($0)".contains("someone") } == true)
        }
    }

    @Test func aStatementIsPreparedOncePerConnection() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 1 }) { fixture in
            let statement = PostgresStatement("SELECT $1::bigint + 1", [.integer(41)])
            for _ in 0..<3 { #expect(try await fixture.client.run([statement, statement])[1].integer(0, 0) == 42) }
            let prepared = try await fixture.client.run(
                PostgresStatement("SELECT count(*) FROM pg_prepared_statements WHERE statement = $1", [.text(statement.sql)], isPrepared: false))
            #expect(try prepared.integer(0, 0) == 1)
        }
        try await PostgresFixture.run({
            $0.maximumConnections = 1
            $0.preparesStatements = false
        }) { fixture in
            _ = try await fixture.client.run(PostgresStatement("SELECT 1"))
            let prepared = try await fixture.client.run(PostgresStatement("SELECT count(*) FROM pg_prepared_statements"))
            #expect(try prepared.integer(0, 0) == 0)
        }
    }

    /// A statement whose preparation fails is not taken for prepared.
    @Test func aFailedPreparationIsForgotten() async throws {
        try await PostgresFixture.run({ $0.maximumConnections = 1 }) { fixture in
            let select = PostgresStatement("SELECT count(*) FROM \(fixture.schema).late")
            await #expect(throws: PostgresError.self) { try await fixture.client.run([select, PostgresStatement("SELECT 5")]) }
            _ = try await fixture.client.run(PostgresStatement("CREATE TABLE \(fixture.schema).late (n int)"))
            #expect(try await fixture.client.run([select, PostgresStatement("SELECT 5")])[0].integer(0, 0) == 0)
        }
    }

    /// More than the sockets' buffers hold goes both ways at once.
    @Test func largeValuesDoNotBlockEachOther() async throws {
        try await PostgresFixture.run { fixture in
            let megabytes = (0..<4).map { [UInt8](repeating: UInt8($0), count: 4 << 20) }
            let statements = megabytes.map { PostgresStatement("SELECT $1::bytea", [.bytes($0)]) }
            let results = try await fixture.client.run(statements)
            #expect(try results.map { try $0.bytes(0, 0) } == megabytes)
        }
    }
}
