package import ApusCore

/// When identities are looked at, and when a look's result changes their status.
package struct VerificationSchedule: Hashable, Sendable {
    /// Waits of a pending identity: until it has waited so long, look so often; every hour from then on. The first look comes before
    /// the records can be published, as only the creation tells them; a person or a program that publishes them at once waits for the next.
    private static let pendingIntervals: [(until: Duration, every: Duration)] = [
        (.seconds(120), .seconds(5)), (.seconds(600), .seconds(60)), (.seconds(3600), .seconds(300)), (.seconds(21_600), .seconds(900)),
    ]

    /// How long a pending identity may take to appear.
    package var pendingLimit: Duration
    /// How long a verified identity's records may be missing before it counts as failed.
    package var gracePeriod: Duration
    /// Between looks at a verified identity.
    package var verifiedInterval: Duration
    /// Between looks at an identity in its grace period.
    package var graceInterval: Duration
    package init(
        pendingLimit: Duration = .seconds(72 * 3600), gracePeriod: Duration = .seconds(72 * 3600),
        verifiedInterval: Duration = .seconds(24 * 3600), graceInterval: Duration = .seconds(3600)
    ) {
        self.pendingLimit = pendingLimit
        self.gracePeriod = gracePeriod
        self.verifiedInterval = verifiedInterval
        self.graceInterval = graceInterval
    }

    /// When an identity is to be looked at next.
    ///
    /// - Returns: nil for an identity that is not looked at: an address, a failed one, one that the operator vouches for. An instant
    ///   in the past for one that was never looked at.
    package func nextCheck(_ identity: EmailIdentity) -> UnixMilliseconds? {
        guard identity.kind == .domain, identity.dkim != nil, !identity.verifiedByOperator else { return nil }
        let interval: Duration
        guard identity.verification != .failed, identity.verification != .notStarted else { return nil }
        guard let last = identity.lastCheckedAt else { return identity.verificationStartedAt }
        switch identity.verification {
        case .notStarted, .failed: return nil
        case .success: interval = self.verifiedInterval
        case .temporaryFailure: interval = self.graceInterval
        case .pending:
            let waited = last - identity.verificationStartedAt
            interval = Self.pendingIntervals.first { waited < $0.until }?.every ?? .seconds(3600)
        }
        return last + interval + Self.jitter(identity, within: interval)
    }

    /// Up to a tenth of the interval, the same for the same look: identities that were made together do not stay together.
    private static func jitter(_ identity: EmailIdentity, within interval: Duration) -> Duration {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in identity.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= UInt64(bitPattern: identity.lastCheckedAt?.rawValue ?? 0)
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        return .milliseconds(Int64(hash >> 33) % max(interval.milliseconds / 10, 1))
    }

    /// An identity after a look at it.
    ///
    /// * pending: found makes it verified; not found in ``pendingLimit`` makes it failed.
    /// * verified: not found begins the grace period, unless DNS could not tell, which only shows as an error.
    /// * in the grace period: found makes it verified; definitely missing for ``gracePeriod`` makes it failed.
    package func identity(_ before: EmailIdentity, after result: IdentityCheckResult, at now: UnixMilliseconds) -> EmailIdentity {
        var identity = before
        identity.lastCheckedAt = now
        switch result {
        case .found:
            identity.verification = .success
            identity.verificationError = nil
            identity.lastSuccessAt = now
            identity.failingSince = nil
        case .notFound(let error):
            identity.verificationError = error
            switch identity.verification {
            case .pending, .notStarted:
                identity.verification = now - identity.verificationStartedAt >= self.pendingLimit ? .failed : .pending
            case .success, .temporaryFailure:
                guard error.isDefinite else { break }
                let since = identity.failingSince ?? now
                identity.failingSince = since
                identity.verification = now - since >= self.gracePeriod ? .failed : .temporaryFailure
            case .failed: break
            }
        }
        identity.dkim?.status = identity.verification
        return identity
    }
}
