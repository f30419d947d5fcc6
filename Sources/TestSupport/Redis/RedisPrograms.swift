import ChildProcesses
import Foundation

/// Redis's programs: those that `make deps` unpacked, or the system's.
package struct RedisPrograms: Sendable {
    /// `redis-server`.
    package let server: String
    /// `redis-benchmark`, which lies beside it.
    package var benchmark: String { "\(self.server.dropLast("redis-server".count))redis-benchmark" }
    private let libraries: String?

    /// Finds them.
    ///
    /// - Throws: ``ChildFailure`` when there are none.
    package static func find() throws -> RedisPrograms {
        // From this file up to the repository; SwiftPM names it so in every build.
        var place = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { place.deleteLastPathComponent() }
        for base in [place.path, FileManager.default.currentDirectoryPath] {
            let root = "\(base)/.build-tools/redis/usr"
            guard access("\(root)/bin/redis-server", X_OK) == 0 else { continue }
            let architectures = ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []).filter { $0.hasSuffix("-linux-gnu") }
            return RedisPrograms(server: "\(root)/bin/redis-server", libraries: architectures.map { "\(root)/lib/\($0)" }.joined(separator: ":"))
        }
        for folder in ["/usr/bin", "/usr/local/bin"] where access("\(folder)/redis-server", X_OK) == 0 {
            return RedisPrograms(server: "\(folder)/redis-server", libraries: nil)
        }
        throw ChildFailure("redis-server is not there: run make deps, or name a server in APUS_TEST_REDIS")
    }

    /// What their processes need.
    package var environment: [String: String] { Child.plainEnvironment(self.libraries.map { ["LD_LIBRARY_PATH": $0] } ?? [:]) }
}
