import ApusCore
import Backends
import ClusterBackends
import EmbeddedBackends
import Foundation
import NIOCore
import PostgresClient
import TestSupport
import Testing

/// The implementations of ``BodyStore`` that the contract runs on.
enum BodyStoreImplementation: String, CaseIterable, CustomTestStringConvertible {
    case files
    case postgres

    var testDescription: String { self.rawValue }

    func withStore(_ body: (any BodyStore) async throws -> Void) async throws {
        switch self {
        case .files:
            let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let store = FileBodyStore(folder: folder)
            try await body(store)
            await store.close()
        case .postgres:
            let postgres = PostgresConfiguration(try await TestDatabase.connectionString())
            let schema = TestDatabase.newSchemaName()
            let store = try await PostgresBodyStore.open(.init(postgres: postgres, schema: schema))
            try await body(store)
            await store.close()
            let cleaner = try PostgresClient(postgres)
            _ = try await cleaner.run(PostgresStatement("DROP SCHEMA \(schema) CASCADE"))
            await cleaner.close()
        }
    }
}

/// What every ``BodyStore`` guarantees.
@Suite struct BodyStoreContract {
    private static let hour: Int64 = 3_600_000

    @Test(arguments: BodyStoreImplementation.allCases, [0, 1, 300_000, 5 << 20])
    func givesBackWhatWasPut(on implementation: BodyStoreImplementation, size: Int) async throws {
        try await implementation.withStore { store in
            let body = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let reference = try await store.put(body, expiresAt: UnixMilliseconds(10 * Self.hour))
            #expect((1...64).contains(reference.utf8.count))
            #expect(reference.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d })
            #expect(try await store.get(reference) == body)
            // The same bytes again are another body.
            #expect(try await store.put(body, expiresAt: UnixMilliseconds(10 * Self.hour)) != reference)
        }
    }

    @Test(arguments: BodyStoreImplementation.allCases) func goesAfterItsExpiryAndNotBefore(on implementation: BodyStoreImplementation) async throws {
        try await implementation.withStore { store in
            let early = try await store.put(ByteBuffer(string: "early"), expiresAt: UnixMilliseconds(10 * Self.hour))
            let late = try await store.put(ByteBuffer(string: "late"), expiresAt: UnixMilliseconds(20 * Self.hour))
            #expect(try await store.reclaim(now: UnixMilliseconds(10 * Self.hour)) == 0)
            #expect(try await store.get(early) == ByteBuffer(string: "early"))
            #expect(try await store.reclaim(now: UnixMilliseconds(12 * Self.hour)) == 1)
            let error = await #expect(throws: BodyError.self) { _ = try await store.get(early) }
            #expect(error?.code == .notFound)
            #expect(try await store.get(late) == ByteBuffer(string: "late"))
        }
    }

    @Test(
        arguments: BodyStoreImplementation.allCases,
        [
            "", "..", "../../etc/passwd", "/etc/passwd", "0000000a-0000000000000000-../../../../../../../../etc/pass",
            "0000000a-0000000000000000-00000000000000000000000000000000", "0000000A-0000000000000000-00000000000000000000000000000000",
            "0000000a-0000000000000000-0000000000000000000000000000000\0", String(repeating: "a", count: 100_000),
        ]
    )
    func unknownReferencesAreNotFound(on implementation: BodyStoreImplementation, reference: String) async throws {
        try await implementation.withStore { store in
            let error = await #expect(throws: BodyError.self) { _ = try await store.get(reference) }
            #expect(error?.code == .notFound)
        }
    }
}
