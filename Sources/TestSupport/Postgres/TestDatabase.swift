import ChildProcesses
import Foundation
import Synchronization

/// An empty database for a test: on the server that `APUS_TEST_POSTGRES` names, else on one that the tests of this process share.
package enum TestDatabase {
    private static let shared = SharedPostgresServer()

    /// The connection string that the environment gives; its user may create databases.
    package static var outside: String? {
        ProcessInfo.processInfo.environment["APUS_TEST_POSTGRES"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A database that tests share, each in schemas of its own.
    package static func connectionString() async throws -> String {
        if let outside = Self.outside { return outside }
        return try await Self.server().uri()
    }

    /// A name for a schema that no other test has.
    package static func newSchemaName() -> String {
        "test_" + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// The server that the tests of this process share.
    package static func server() async throws -> PostgresServer { try await self.shared.server() }
}
