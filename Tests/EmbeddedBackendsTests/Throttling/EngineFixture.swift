import ApusCore
import Backends
import EmbeddedBackends
import Foundation
import Logging
import Synchronization

/// An engine in a folder of its own, with clocks that move when the test says so.
final class EngineFixture: Sendable {
    let folder: TemporaryFolder
    let engine: EmbeddedThrottling
    let clock: Clock

    init(_ configuration: EmbeddedThrottling.Configuration = .init(), folder: TemporaryFolder? = nil, at time: Int64 = 1_700_000_000_000_000) throws {
        let folder = try folder ?? TemporaryFolder()
        let clock = Clock(time)
        self.folder = folder
        self.clock = clock
        self.engine = try EmbeddedThrottling(
            folder: folder.path, configuration: configuration,
            clocks: .init(microseconds: { clock.microseconds }, timeOfDay: { UnixMilliseconds(clock.microseconds / 1000) }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    final class Clock: Sendable {
        private let time: Mutex<Int64>

        init(_ time: Int64) {
            self.time = Mutex(time)
        }

        var microseconds: Int64 { self.time.withLock { $0 } }

        func advance(_ duration: Duration) {
            self.time.withLock { $0 += duration.microseconds }
        }
    }

    /// What a new process finds after this one is killed now: what was written, synced or not. This engine goes on, unaware.
    func afterKill(_ configuration: EmbeddedThrottling.Configuration = .init(), change: (String) throws -> Void = { _ in }) throws -> EngineFixture {
        let copy = try self.copy()
        try change(copy.path)
        return try EngineFixture(configuration, folder: copy, at: self.clock.microseconds)
    }

    /// The folder as it is at one moment: once more when the engine has removed a file meanwhile.
    private func copy() throws -> TemporaryFolder {
        while true {
            let names = try self.folder.names()
            let copy = try TemporaryFolder()
            for name in names { try? FileManager.default.copyItem(atPath: "\(self.folder.path)/\(name)", toPath: "\(copy.path)/\(name)") }
            if try copy.names() == names, try self.folder.names() == names { return copy }
        }
    }
}
