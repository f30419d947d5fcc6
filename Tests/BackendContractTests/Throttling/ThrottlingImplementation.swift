import ApusCore
import Backends
import EmbeddedBackends
import Foundation
import Synchronization
import Testing

/// The clocks of a test, which move when it says so.
final class ManualClocks: Sendable {
    private let time = Mutex<Int64>(1_700_000_000_000_000)

    /// Microseconds, the same for both clocks.
    var microseconds: Int64 { self.time.withLock { $0 } }

    func advance(_ duration: Duration) {
        self.time.withLock { $0 += duration.microseconds }
    }
}

/// The implementations of ``Throttling`` that the contract runs on.
enum ThrottlingImplementation: String, CaseIterable, CustomTestStringConvertible {
    case embedded

    var testDescription: String { self.rawValue }

    /// Runs a test on a new engine without history.
    func withEngine(_ body: (any Throttling, ManualClocks) async throws -> Void) async throws {
        switch self {
        case .embedded:
            let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let clocks = ManualClocks()
            let engine = try EmbeddedThrottling(
                folder: folder,
                clocks: .init(microseconds: { clocks.microseconds }, timeOfDay: { UnixMilliseconds(clocks.microseconds / 1000) })
            )
            try await body(engine, clocks)
            await engine.close()
        }
    }
}
