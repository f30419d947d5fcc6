package import ApusCore
package import Backends
package import NIOCore
internal import Synchronization

/// Bodies in memory, for tests.
package final class MemoryBodyStore: BodyStore {
    /// A body and when it may go.
    package struct Body: Sendable {
        package var bytes: ByteBuffer
        package var expiresAt: UnixMilliseconds
    }

    private struct State {
        var bodies: [String: Body] = [:]
        var failure: BodyError?
    }

    private let state = Mutex(State())

    package init() {}

    /// All bodies by reference.
    package var bodies: [String: Body] { self.state.withLock { $0.bodies } }

    /// Makes every put fail with this error, until nil is given.
    package func fail(with error: BodyError?) {
        self.state.withLock { $0.failure = error }
    }

    package func put(_ body: ByteBuffer, expiresAt: UnixMilliseconds) async throws -> String {
        try self.state.withLock { state in
            if let failure = state.failure { throw failure }
            let reference = "body-\(state.bodies.count)"
            state.bodies[reference] = Body(bytes: body, expiresAt: expiresAt)
            return reference
        }
    }

    package func get(_ reference: String) async throws -> ByteBuffer {
        guard let body = self.bodies[reference] else { throw BodyError(.notFound, "no such body") }
        return body.bytes
    }

    @discardableResult
    package func reclaim(now: UnixMilliseconds) async throws -> Int {
        self.state.withLock { state in
            let before = state.bodies.count
            state.bodies = state.bodies.filter { $0.value.expiresAt > now }
            return before - state.bodies.count
        }
    }
}
