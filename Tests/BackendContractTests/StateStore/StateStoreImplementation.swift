import Backends
import ClusterBackends
import EmbeddedBackends
import Foundation
import PostgresClient
import TestSupport
import Testing

/// The implementations of ``StateStore`` that the contract runs on.
enum StateStoreImplementation: String, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case postgres
    case inMemory

    var testDescription: String { self.rawValue }

    /// Runs a test on a new and empty store.
    func withStore(_ body: (any StateStore) async throws -> Void) async throws {
        switch self {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let store = try SQLiteStateStore(folder: folder)
            try await body(store)
            await store.close()
        case .postgres:
            var postgres = PostgresConfiguration(try await TestDatabase.connectionString())
            let schema = TestDatabase.newSchemaName()
            // However slow the machine: what many ask for at once is answered.
            postgres.acquireTimeout = .seconds(60)
            postgres.statementTimeout = .seconds(60)
            postgres.idleTransactionTimeout = .seconds(60)
            let store = try await PostgresStateStore.open(.init(postgres: postgres, schema: schema))
            try await body(store)
            await store.close()
            let cleaner = try PostgresClient(postgres)
            _ = try await cleaner.run(PostgresStatement("DROP SCHEMA \(schema) CASCADE"))
            await cleaner.close()
        case .inMemory:
            try await body(InMemoryStateStore())
        }
    }
}
