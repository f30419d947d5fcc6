import ApusCore
import Backends
import Foundation
import Logging
import ServiceLifecycle

/// Removes bodies that nobody can ask for any more, now and then.
struct BodyReclaimer: Service {
    let bodies: any BodyStore
    let logger: Logger
    /// How often.
    var interval: Duration = .seconds(600)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.bodies.reclaim(now: UnixMilliseconds(Int64(Date().timeIntervalSince1970 * 1000)))
                } catch {
                    self.logger.warning("expired bodies could not be removed", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: self.interval)
            }
        }
    }
}
