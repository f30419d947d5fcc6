import ApusCore
import Backends
import ClusterBackends
import NIOCore
import PostgresClient
import TestSupport
import Testing

@Suite struct PostgresBodyStoreTests {
    private static func run(_ body: (PostgresBodyStore, String, PostgresClient) async throws -> Void) async throws {
        let postgres = PostgresConfiguration(try await TestDatabase.connectionString())
        let schema = TestDatabase.newSchemaName()
        let client = try PostgresClient(postgres)
        let store = try await PostgresBodyStore.open(.init(postgres: postgres, schema: schema))
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(store, schema, client))
        } catch {
            result = .failure(error)
        }
        await store.close()
        _ = try await client.run(PostgresStatement("DROP SCHEMA \(schema) CASCADE"))
        await client.close()
        try result.get()
    }

    /// Below, at and above the bounds of a chunk and of an exchange.
    @Test(arguments: [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 8 << 20, (8 << 20) + 1, 17 << 20]) func bodiesOfEverySizeComeBack(size: Int) async throws
    {
        try await Self.run { store, _, _ in
            var body = ByteBuffer(bytes: (0..<(size + 3)).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 3) })
            // One whose bytes do not begin at its storage's beginning.
            body.moveReaderIndex(forwardBy: 3)
            let reference = try await store.put(body, expiresAt: UnixMilliseconds(0))
            #expect(try await store.get(reference) == body)
        }
    }

    @Test func damageIsNoticed() async throws {
        try await Self.run { store, schema, client in
            let changed = try await store.put(ByteBuffer(string: "some body"), expiresAt: UnixMilliseconds(0))
            let shortened = try await store.put(ByteBuffer(repeating: 1, count: 3 << 20), expiresAt: UnixMilliseconds(0))
            _ = try await client.run([
                PostgresStatement("UPDATE \(schema).chunk SET bytes = set_byte(bytes, 0, 0)"),
                PostgresStatement("DELETE FROM \(schema).chunk WHERE number = 1"),
            ])
            for reference in [changed, shortened] {
                let error = await #expect(throws: BodyError.self) { try await store.get(reference) }
                #expect(error?.code == .corrupt)
            }
        }
    }

    /// More than one lot, by several at once: each body goes once, with its chunks.
    @Test func severalReclaimAtOnce() async throws {
        try await Self.run { store, schema, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<450 {
                    group.addTask { _ = try await store.put(ByteBuffer(string: "\(index)"), expiresAt: UnixMilliseconds(index < 430 ? 0 : 1 << 50)) }
                }
                try await group.waitForAll()
            }
            let count = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await store.reclaim(now: UnixMilliseconds(3_600_000)) } }
                return try await group.reduce(0, +)
            }
            #expect(count + (try await store.reclaim(now: UnixMilliseconds(3_600_000))) == 430)
            #expect(try await client.run(PostgresStatement("SELECT count(*) FROM \(schema).chunk")).integer(0, 0) == 20)
        }
    }
}
