package import ApusCore
internal import ApusSchema

/// What a mover does with a record of a retry or hold topic: the arithmetic of delays, without a bus or a clock.
package struct MoverDecision: Sendable {
    /// Retries and holds have topics of their own.
    package enum Family: String, Hashable, Sendable, CaseIterable {
        case retry
        case hold

        /// The topic of a tier.
        package func topic(_ tier: DelayTier) -> String {
            switch self {
            case .retry: Topics.retry(tier)
            case .hold: Topics.hold(tier)
            }
        }
    }

    /// What a mover needs to know of a record.
    package struct Facts: Hashable, Sendable {
        package var notBefore: UnixMilliseconds
        package var expiresAt: UnixMilliseconds
        package var resumeTopic: String
        /// The record's key on the outbound topics.
        package var destination: String

        package init(notBefore: UnixMilliseconds, expiresAt: UnixMilliseconds, resumeTopic: String, destination: String) {
            self.notBefore = notBefore
            self.expiresAt = expiresAt
            self.resumeTopic = resumeTopic
            self.destination = destination
        }
    }

    package let family: Family
    package let tier: DelayTier
    package let ladder: DelayLadder

    package init(family: Family, tier: DelayTier, ladder: DelayLadder) {
        self.family = family
        self.tier = tier
        self.ladder = ladder
    }

    /// When a record is looked at: after the tier's delay, or earlier when its own time, or its deadline, comes first.
    package func due(_ facts: Facts, appendedAt: UnixMilliseconds) -> UnixMilliseconds {
        min(appendedAt + self.ladder.delay(of: self.tier), facts.notBefore, facts.expiresAt)
    }

    /// Where a record that is due goes: back to work when its time, or its deadline, has come; otherwise on to the largest tier that fits
    /// what is left. A record past its deadline is bounced by the worker, which alone can see whether a copy of it is under way.
    package func target(_ facts: Facts, now: UnixMilliseconds) -> String {
        let left = min(facts.notBefore, facts.expiresAt) - now
        return left <= .zero ? facts.resumeTopic : self.family.topic(self.ladder.largest(within: left))
    }
}
