import ApusCore
import Backends
import NIOCore
import Synchronization

/// Bodies in memory.
final class MemoryBodies: BodyStore {
    private let bodies = Mutex<[String: ByteBuffer]>([:])
    private let isAway = Mutex(false)

    func setAway(_ away: Bool) { self.isAway.withLock { $0 = away } }

    func put(_ body: ByteBuffer, expiresAt: UnixMilliseconds) async throws -> String {
        self.bodies.withLock { bodies in
            let name = "body-\(bodies.count)"
            bodies[name] = body
            return name
        }
    }

    func get(_ reference: String) async throws -> ByteBuffer {
        if self.isAway.withLock({ $0 }) { throw BodyError(.unavailable, "away") }
        guard let body = self.bodies.withLock({ $0[reference] }) else { throw BodyError(.notFound, "no such body") }
        return body
    }

    func reclaim(now: UnixMilliseconds) async throws -> Int { 0 }
}
