import ChildProcesses
import Foundation

/// The Redis that tests share: the outside one that `APUS_TEST_REDIS=HOST:PORT` names, else one of this process. Each test has keys of its
/// own; none empties it.
package enum TestRedis {
    private static let shared = SharedRedisServer()

    /// Where it is.
    ///
    /// - Throws: ``ChildFailure``.
    package static func address() async throws -> (host: String, port: Int) {
        guard let outside = ProcessInfo.processInfo.environment["APUS_TEST_REDIS"], !outside.isEmpty else {
            return ("127.0.0.1", try await self.shared.server().port)
        }
        guard let colon = outside.lastIndex(of: ":"), let port = Int(outside[outside.index(after: colon)...]) else {
            throw ChildFailure("APUS_TEST_REDIS is HOST:PORT")
        }
        return (String(outside[..<colon]), port)
    }

    /// A beginning of keys that no other test has.
    package static func newPrefix() -> String {
        "test-" + String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
