import ApusCore
import Backends
import ClusterBackends
import EmbeddedBackends
import Foundation
import NIOPosix
import RedisClient
import Synchronization
import TestSupport
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
    case redis

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
        case .redis:
            let (host, port) = try await TestRedis.address()
            let client = try RedisClient(
                RedisConfiguration(host: host, port: port, commandTimeout: .seconds(60)), on: MultiThreadedEventLoopGroup.singleton.next())
            let clocks = ManualClocks()
            let engine = RedisThrottling(
                client, configuration: .init(prefix: TestRedis.newPrefix()),
                clocks: RedisClocks(scripts: { clocks.microseconds }, local: { clocks.microseconds }))
            do {
                _ = try await engine.begin(.fresh)
                try await body(engine, clocks)
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }
}
