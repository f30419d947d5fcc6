/// What became of one recipient of a transaction.
package enum SMTPRecipientOutcome: Sendable, Hashable {
    /// The server took responsibility with this reply to the content.
    case accepted(SMTPReply)
    /// 5yz: permanent.
    case rejected(SMTPReply, stage: SMTPStage)
    /// 4yz: another attempt may succeed.
    case deferred(SMTPReply, stage: SMTPStage)
    /// Nothing was sent because the server stated that it cannot take this message.
    case refusedLocally(SMTPLocalRefusal)
    /// No verdict.
    case interrupted(SMTPInterruption)

    /// nil when accepted.
    package var failureClass: SMTPFailureClass? {
        switch self {
        case .accepted: nil
        case .rejected, .refusedLocally: .permanent
        case .deferred: .transient
        case .interrupted(let interruption): interruption.failureClass
        }
    }

    /// The server may have accepted the message although we do not know it.
    package var isInDoubt: Bool {
        if case .interrupted(let interruption) = self { interruption.dataMayBeAccepted } else { false }
    }

    /// The server's reply, where there is one.
    package var reply: SMTPReply? {
        switch self {
        case .accepted(let reply), .rejected(let reply, _), .deferred(let reply, _): reply
        case .refusedLocally: nil
        case .interrupted(let interruption): if case .reply(let reply) = interruption.cause { reply } else { nil }
        }
    }

    /// The verdict of a negative reply.
    init(negative reply: SMTPReply, stage: SMTPStage) {
        self = reply.category == .permanentNegative ? .rejected(reply, stage: stage) : .deferred(reply, stage: stage)
    }
}

extension SMTPRecipientOutcome: CustomStringConvertible {
    package var description: String {
        switch self {
        case .accepted(let reply): "accepted \(reply)"
        case .rejected(let reply, let stage): "rejected \(reply) at \(stage.rawValue)"
        case .deferred(let reply, let stage): "deferred \(reply) at \(stage.rawValue)"
        case .refusedLocally(let refusal): "refused locally: \(refusal)"
        case .interrupted(let interruption): "interrupted: \(interruption)"
        }
    }
}
