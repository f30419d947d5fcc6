package import ApusCore

/// Remembers, per message and recipient, how far delivery has come, so that a record that is read again (after a crash, or a move of
/// its partition) is neither delivered twice nor lost.
///
/// A marker is monotonic in (attempt, hop): an older copy of a record never moves it back. It outlives a crash of the process that
/// wrote it; after a loss of power markers of the last second may be missing, which can double a message and never lose one.
package protocol DeliveryMarking: Sendable {
    /// Claims a message's recipients for one attempt.
    ///
    /// - Returns: one answer per recipient, in order.
    func claim(_ claim: DeliveryClaim) async throws -> [ClaimAnswer]

    /// Notes that the final dot is about to be sent for these recipients: from here on, until an outcome is written, delivery is in
    /// doubt. Must have returned before the dot leaves.
    func markData(_ claim: DeliveryClaim) async throws

    /// Writes the outcome of recipients. `outcome` is opaque here, at most 8 KB, and is returned to whoever claims the same attempt
    /// later.
    func finish(_ claim: DeliveryClaim, outcomes: [[UInt8]]) async throws

    /// Gives claims back without an outcome: nothing was sent past the dot.
    func release(_ claim: DeliveryClaim) async throws
}

/// Recipients of one message that one owner delivers in one attempt.
package struct DeliveryClaim: Hashable, Sendable {
    package var messageID: MessageID
    /// The recipients' addresses, as in the record.
    package var recipients: [String]
    /// 1 for the first attempt.
    package var attempt: Int
    /// How many times the record was rewritten by retry and hold topics; orders copies of one attempt.
    package var hop: Int
    /// The worker that claims.
    package var owner: WorkerID

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
    /// A living owner has it under way: look again later.
    case heldByLivingOwner
    /// This attempt has this outcome: emit it again, do not deliver.
    case finished(outcome: [UInt8])
    /// A later attempt or hop has been claimed: this record is an old copy, drop it.
    case superseded
}
