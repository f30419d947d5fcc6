import ApusCore
import Backends
import ControlPlane
import EmbeddedBackends
import Foundation
import Logging
import Synchronization

/// A control plane on a store of its own, with a clock that moves when the test says so.
final class ControlPlaneFixture: Sendable {
    static let keys = Data((0..<32).map { UInt8($0) }).base64EncodedString()

    let store: SQLiteStateStore
    let controlPlane: ControlPlane
    let clock: ManualClock
    private let folder: String

    /// - Parameter configuration: nil for an installation with a zone for keys.
    init(configuration: ControlPlane.Configuration? = nil) async throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: false)
        self.store = try SQLiteStateStore(folder: self.folder)
        let clock = ManualClock()
        self.clock = clock
        self.controlPlane = try Self.make(self.store, configuration: configuration, clock: clock)
        try await self.controlPlane.load()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.folder)
    }

    /// Another control plane on the same store, as of another process.
    func second(configuration: ControlPlane.Configuration? = nil) async throws -> ControlPlane {
        let other = try Self.make(self.store, configuration: configuration, clock: self.clock)
        try await other.load()
        return other
    }

    static func make(
        _ store: any StateStore, configuration: ControlPlane.Configuration? = nil, keys: String = ControlPlaneFixture.keys,
        clock: ManualClock = ManualClock()
    ) throws -> ControlPlane {
        ControlPlane(
            store: store, sealer: SecretSealer(ring: try MasterKeyRing(text: keys, source: "the test")),
            configuration: configuration ?? .init(dkimZone: "dkim.apus.test", domain: "apus.test"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now }
        )
    }
}

/// The time of day, as a test sets it.
final class ManualClock: Sendable {
    private let time = Mutex(UnixMilliseconds(1_700_000_000_000))

    var now: UnixMilliseconds { self.time.withLock { $0 } }

    func advance(_ duration: Duration) {
        self.time.withLock { $0 = $0 + duration }
    }
}

/// Waits until something that happens in the background has happened; the test's time limit ends it otherwise.
func eventually(_ condition: () throws -> Bool) async throws {
    while try !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
