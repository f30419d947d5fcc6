internal import Backends
internal import Synchronization

/// Claims that were given back while Redis could not be told so: as long as their owner lives, nobody else would get them. They are given
/// back again with the owner's next heartbeat.
final class OpenReleases: Sendable {
    /// Beyond it, recipients stay their owner's until it ends.
    private static let maximum = 50_000

    private let claims = Mutex([DeliveryClaim]())

    func add(_ claim: DeliveryClaim) {
        self.claims.withLock { claims in
            if claims.count < Self.maximum { claims.append(claim) }
        }
    }

    /// Takes them all out.
    func take() -> [DeliveryClaim] {
        self.claims.withLock { claims in
            defer { claims = [] }
            return claims
        }
    }
}
