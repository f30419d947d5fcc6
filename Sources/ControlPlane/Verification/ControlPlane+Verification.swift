internal import ApusCore
internal import Backends
internal import Logging
internal import Synchronization

extension ControlPlane {
    /// The position of the change feed that the copy has.
    var position: Int64 { self.snapshot.withLock { $0.position } }

    /// Waits until the store has a change after `position`, or the time is up.
    func waitForChange(after position: Int64, timeout: Duration) async throws {
        try await self.store.waitForChange(after: position, timeout: timeout)
    }

    /// The identities that are to be looked at, and when the first of the others is.
    func identitiesDue(at now: UnixMilliseconds, schedule: VerificationSchedule) -> (due: [EmailIdentity], next: UnixMilliseconds?) {
        // A copy of the dictionaries costs nothing; the walk is outside the lock.
        let identities = self.snapshot.withLock { $0.identities }
        var due: [EmailIdentity] = []
        var next: UnixMilliseconds?
        for identity in identities.values.lazy.flatMap(\.values) {
            guard let instant = schedule.nextCheck(identity) else { continue }
            if instant <= now {
                due.append(identity)
            } else {
                next = min(next ?? instant, instant)
            }
        }
        return (due, next)
    }

    /// Writes the result of a look at an identity, unless the identity was deleted and made anew meanwhile.
    func record(_ result: IdentityCheckResult, of seen: EmailIdentity, schedule: VerificationSchedule) async throws {
        let now = self.now()
        var change: (from: VerificationStatus, to: VerificationStatus)?
        try await self.updateIdentity(seen.name, account: seen.account) { identity in
            guard identity.dkim?.tokens == seen.dkim?.tokens, !identity.verifiedByOperator else { return }
            let before = identity.verification
            identity = schedule.identity(identity, after: result, at: now)
            change = (before, identity.verification)
        }
        if let change, change.from != change.to {
            self.logger.info(
                "identity verification changed",
                metadata: ["account": "\(seen.account)", "from": "\(change.from.rawValue)", "to": "\(change.to.rawValue)"]
            )
        }
    }
}
