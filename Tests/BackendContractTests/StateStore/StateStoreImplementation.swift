import Testing
import Backends
import EmbeddedBackends
import Foundation

/// The implementations of ``StateStore`` that the contract runs on.
enum StateStoreImplementation: String, CaseIterable, CustomTestStringConvertible {
    case sqlite
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
        case .inMemory:
            try await body(InMemoryStateStore())
        }
    }
}
