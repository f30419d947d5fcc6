import ChildProcesses
import Foundation
import Synchronization

/// Starts one server for all who ask, which ends with the process.
actor SharedRedisServer {
    private var start: Task<RedisServer, any Error>?

    func server() async throws -> RedisServer {
        let start = self.start ?? Task { try await Self.startOne() }
        self.start = start
        return try await start.value
    }

    private static let started = Mutex<RedisServer?>(nil)

    private static func startOne() async throws -> RedisServer {
        let server = try await RedisServer.start()
        Self.started.withLock { $0 = server }
        atexit {
            guard let server = SharedRedisServer.started.withLock({ $0 }) else { return }
            server.child?.signal(SIGKILL)
            server.removeFolder()
        }
        return server
    }
}
