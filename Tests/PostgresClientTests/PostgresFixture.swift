import PostgresClient
import TestSupport

/// A client for a test, and a schema of its own.
struct PostgresFixture {
    let client: PostgresClient
    let schema: String

    /// Runs a test with a client of the shared server.
    static func run(
        _ change: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (PostgresFixture) async throws -> Void
    ) async throws {
        var configuration = PostgresConfiguration(try await TestDatabase.connectionString())
        change(&configuration)
        let fixture = PostgresFixture(client: try PostgresClient(configuration), schema: TestDatabase.newSchemaName())
        _ = try await fixture.client.run(PostgresStatement("CREATE SCHEMA \(fixture.schema)"))
        do {
            try await body(fixture)
        } catch {
            try? await fixture.end()
            throw error
        }
        try await fixture.end()
    }

    private func end() async throws {
        let cleaner = try PostgresClient(PostgresConfiguration(try await TestDatabase.connectionString()))
        _ = try? await cleaner.run(PostgresStatement("DROP SCHEMA \(self.schema) CASCADE"))
        await cleaner.close()
        await self.client.close()
    }

    /// The server process of a connection.
    static let processID = PostgresStatement("SELECT pg_backend_pid()")
}
