import Backends
import ClusterBackends
import PostgresClient
import TestSupport

/// A schema for a test, stores on it, and a client to look behind them.
struct PostgresStateFixture {
    let configuration: PostgresStateStore.Configuration
    let client: PostgresClient

    var schema: String { self.configuration.schema }

    /// Runs a test on a schema of its own.
    ///
    /// - Parameter connectionString: nil for the database that tests share.
    static func run(
        on connectionString: String? = nil, _ change: (inout PostgresStateStore.Configuration) -> Void = { _ in },
        _ body: (PostgresStateFixture) async throws -> Void
    ) async throws {
        let shared: String
        if let connectionString { shared = connectionString } else { shared = try await TestDatabase.connectionString() }
        let postgres = PostgresConfiguration(shared)
        var configuration = PostgresStateStore.Configuration(postgres: postgres, schema: TestDatabase.newSchemaName())
        change(&configuration)
        let fixture = PostgresStateFixture(configuration: configuration, client: try PostgresClient(postgres))
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(fixture))
        } catch {
            result = .failure(error)
        }
        _ = try? await fixture.client.run(PostgresStatement("DROP SCHEMA IF EXISTS \(fixture.schema) CASCADE"))
        await fixture.client.close()
        try result.get()
    }

    /// Opens a store, as a process of its own would.
    func open() async throws -> PostgresStateStore {
        try await PostgresStateStore.open(self.configuration)
    }

    static func key(_ name: String) -> StateKey {
        StateKey(collection: "test", scope: "s", name: name)
    }
}
