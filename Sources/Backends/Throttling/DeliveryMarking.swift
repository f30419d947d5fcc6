package import ApusCore

/// Remembers, per message and recipient, how far delivery has come, so that a record that is read again (after a crash, or a move of
/// its partition) is neither delivered twice nor lost.
///
/// A marker is monotonic in (attempt, hop): an older copy of a record never moves it back. It outlives a crash of the process that
/// wrote it; after a loss of power markers of the last second may be missing, which can double a message and never lose one.
///
/// Each operation has two forms: one with a completion, for callers on event loops, which must not pay a task and two hops per
/// message, and an `async` one, which follows from it. A completion is called exactly once, on any thread, possibly before the
/// operation returns, and never with a lock held; it must not block.
package protocol DeliveryMarking: Sendable {
    /// Claims a message's recipients for one attempt.
    ///
    /// An owner gets again what it has open itself, from a call whose answer was lost, say: so it sees to it that it has one copy of a message in
    /// hand at a time.
    ///
    /// - Parameter completion: gets one answer per recipient, in order, or a ``ThrottlingError``.
    func claim(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<[ClaimAnswer], any Error>) -> Void)

    /// Notes that the final dot is about to be sent for these recipients: from here on, until an outcome is written, delivery is in
    /// doubt. Must have completed before the dot leaves; after a failure, the dot must not leave.
    func markData(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void)

    /// Writes the outcome of recipients. An outcome is opaque here, at most ``DeliveryClaim/maximumOutcomeBytes``, and is returned to
    /// whoever claims the same attempt later.
    ///
    /// - Parameter outcomes: one per recipient of `claim`, in order.
    func finish(_ claim: DeliveryClaim, outcomes: [[UInt8]], completion: @escaping @Sendable (Result<Void, any Error>) -> Void)

    /// Gives claims back without an outcome: nothing was sent past the dot.
    func release(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void)
}

extension DeliveryMarking {
    /// ``claim(_:completion:)``, awaited.
    ///
    /// - Returns: one answer per recipient, in order.
    package func claim(_ claim: DeliveryClaim) async throws -> [ClaimAnswer] {
        try await withCheckedThrowingContinuation { continuation in
            self.claim(claim) { continuation.resume(with: $0) }
        }
    }

    /// ``markData(_:completion:)``, awaited.
    package func markData(_ claim: DeliveryClaim) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            self.markData(claim) { continuation.resume(with: $0) }
        }
    }

    /// ``finish(_:outcomes:completion:)``, awaited.
    package func finish(_ claim: DeliveryClaim, outcomes: [[UInt8]]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            self.finish(claim, outcomes: outcomes) { continuation.resume(with: $0) }
        }
    }

    /// ``release(_:completion:)``, awaited.
    package func release(_ claim: DeliveryClaim) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            self.release(claim) { continuation.resume(with: $0) }
        }
    }
}

/// Recipients of one message that one owner delivers in one attempt.
package struct DeliveryClaim: Hashable, Sendable {
    /// The largest outcome of one recipient, in bytes.
    package static let maximumOutcomeBytes = 8 << 10
    /// The most recipients of one claim.
    package static let maximumRecipients = 1000
    /// How many owners die with a message in their hands before it is suspected of it, and had only by who admits that.
    package static let suspectDeaths = 2
    /// How many owners die with a message in their hands before it is taken for what kills them.
    package static let maximumDeaths = 5

    package var messageID: MessageID
    /// The recipients' addresses, as in the record.
    package var recipients: [String]
    /// 1 for the first attempt.
    package var attempt: Int
    /// How many times the record was rewritten by retry and hold topics; orders copies of one attempt.
    package var hop: Int
    /// The worker that claims.
    package var owner: WorkerID
    /// The most deaths that a message of this claim may have caused: who claims suspects has few of them in hand at once.
    package var admittedDeaths = suspectDeaths - 1

    package init(messageID: MessageID, recipients: [String], attempt: Int, hop: Int, owner: WorkerID) {
        self.messageID = messageID
        self.recipients = recipients
        self.attempt = attempt
        self.hop = hop
        self.owner = owner
    }
}

/// What ``DeliveryMarking/claim(_:)`` says of one recipient.
package enum ClaimAnswer: Hashable, Sendable {
    /// It is yours: deliver.
    case claimed
    /// It is yours, but an owner that is gone had sent, or was about to send, the final dot: it may have been delivered.
    case claimedInDoubt
    /// Another, living owner has it under way: look again later.
    case heldByLivingOwner
    /// So many owners died while they had it under way, as they had much else: more than the claim admits. It is not claimed: claim it again,
    /// admitting them, when few such messages are in hand.
    case suspect(deaths: Int)
    /// ``DeliveryClaim/maximumDeaths`` owners died while they had it under way: perhaps by it. It is not claimed, and the next claim begins to
    /// count anew; so whoever gets this answer puts the record where a person looks at it.
    case ownersDied
    /// This attempt has this outcome, from this copy of the record or an earlier one: emit it again, do not deliver.
    case finished(outcome: [UInt8])
    /// A later attempt or hop has been claimed or finished: this record is an old copy, drop it.
    case superseded

    /// The deaths of a ``suspect(deaths:)``.
    package var deaths: Int? {
        if case .suspect(let deaths) = self { deaths } else { nil }
    }
}
