import ChildProcesses
import Foundation
import Synchronization

/// What PostgreSQL servers leave behind, removed when the process exits.
enum PostgresRemains {
    private struct State {
        var isRegistered = false
        var folders: [String] = []
        var servers: [Child] = []
    }

    private static let state = Mutex(State())

    static func add(_ folder: String) {
        self.register { $0.folders.append(folder) }
    }

    static func add(_ server: Child) {
        self.register { $0.servers.append(server) }
    }

    private static func register(_ change: (inout State) -> Void) {
        self.state.withLock { state in
            change(&state)
            guard !state.isRegistered else { return }
            state.isRegistered = true
            atexit {
                let state = PostgresRemains.state.withLock { $0 }
                for server in state.servers { server.signal(SIGKILL) }
                for folder in state.folders {
                    // Its sessions may still write for a moment after the server was killed.
                    for _ in 0..<50 {
                        try? FileManager.default.removeItem(atPath: folder)
                        if access(folder, F_OK) != 0 { break }
                        usleep(20_000)
                    }
                }
            }
        }
    }
}
