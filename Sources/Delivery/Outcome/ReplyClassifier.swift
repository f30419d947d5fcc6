internal import ApusCore
package import SMTPProtocol

/// Turns what a far server said into what follows from it.
///
/// The basic code decides between now and never (RFC 5321 section 4.2.1): 4yz is tried again, 5yz bounces, with two exceptions that the
/// standards make: too many recipients (RFC 5321 section 4.5.3.1.10), and a 5yz before the first MAIL, which judges the connection and
/// not the message. Codes and words then decide what SES would call it. AWS publishes no mapping; the one here follows the meaning of
/// SES's words and is the table of tests as well.
package struct ReplyClassifier: Sendable {
    /// One for all: its tables never change.
    package static let shared = ReplyClassifier()

    private let phrases: PhraseMatcher

    package init() {
        self.phrases = PhraseMatcher(ReplyPhrases.table)
    }

    /// Classifies a negative reply.
    ///
    /// - Parameters:
    ///   - reply: code 400…599. Anything else is a fault of the far side and counts as transient.
    ///   - stage: where it came.
    package func classify(_ reply: SMTPReply, stage: SMTPStage) -> DeliveryFailure {
        let signals = self.phrases.signals(in: reply.text.utf8)
        let subject = reply.enhancedStatus?.subject ?? 0
        let detail = reply.enhancedStatus?.detail ?? 0
        let isAboutConnection = Self.isAboutConnection(stage) || reply.closesConnection
        var failure: DeliveryFailure
        if reply.category == .permanentNegative {
            if Self.isTooManyRecipients(reply, signals: signals, stage: stage) {
                failure = Self.failure(.transient, .transient, .general)
            } else if Self.isAboutConnection(stage) {
                failure = self.refusedConnection(signals)
            } else {
                let bounce = Self.bounce(code: reply.code, subject: subject, detail: detail, signals: signals, known: reply.enhancedStatus != nil)
                failure = Self.failure(.permanent, bounce, .general)
            }
        } else {
            failure = Self.deferral(code: reply.code, subject: subject, detail: detail, signals: signals, known: reply.enhancedStatus != nil)
        }
        failure.status = Self.status(reply, failure: failure.failure, bounce: failure.bounce)
        failure.diagnostic = ReplyText.line(reply)
        failure.isAboutConnection = isAboutConnection
        return failure
    }

    // MARK: - 5yz

    /// The bounce of a permanent refusal. First rule that fits.
    private static func bounce(code: UInt16, subject: UInt16, detail: UInt16, signals: ReplySignals, known: Bool) -> BounceKind {
        // What a status says of a mailbox or an address is exact; the words only say more where it is broad.
        switch (subject, detail) {
        case (2, 2): return .mailboxFull
        case (2, 3), (3, 4): return .messageTooLarge
        case (1, 1), (1, 6): return .noEmail
        case (1, 0) where !signals.contains(.address): return .noEmail
        // RFC 7505 gives 5.1.10 to null MX; Exchange uses it for unknown recipients and says so.
        case (1, 10): return signals.contains(.noSuchUser) ? .noEmail : .permanent
        case (1, 2), (1, 3), (1, 7), (1, 8), (1, 9): return .permanent
        case (4, 4), (4, 6), (4, 7): return .permanent
        case (6, _): return signals.contains(.attachment) ? .attachmentRejected : .contentRejected
        default: break
        }
        if signals.contains(.mailboxFull) { return .mailboxFull }
        if signals.contains(.tooLarge) { return .messageTooLarge }
        if signals.contains(.attachment), !signals.contains(.noSuchUser) { return .attachmentRejected }
        // A block names the recipient only in passing.
        if signals.contains(.address) || signals.contains(.authentication) || signals.contains(.rate) { return .permanent }
        if signals.contains(.spam) { return .contentRejected }
        if signals.contains(.mailboxBusy) { return .permanent }
        if signals.contains(.noSuchUser) { return .noEmail }
        if code == 552, !known { return .mailboxFull }
        if known { return .permanent }
        switch code {
        case 500...504, 521, 530, 550, 551, 553, 555, 556: return .permanent
        default: return .undetermined
        }
    }

    /// The greeting or the hello was refused for good: the message was not looked at, and another day or another of our addresses may do.
    private func refusedConnection(_ signals: ReplySignals) -> DeliveryFailure {
        let isBlock = signals.contains(.address) || signals.contains(.rate) || signals.contains(.spam)
        return Self.failure(.policy, .transient, isBlock ? .ipFailure : .general)
    }

    /// RFC 5321 section 4.5.3.1.10: 552 for too many recipients is to be taken as 452; RFC 3463 has X.5.3 for it.
    private static func isTooManyRecipients(_ reply: SMTPReply, signals: ReplySignals, stage: SMTPStage) -> Bool {
        guard stage == .recipient else { return false }
        if let status = reply.enhancedStatus, status.subject == 5, status.detail == 3 { return true }
        return reply.code == 552 && signals.contains(.tooManyRecipients)
    }

    // MARK: - 4yz

    /// The deferral of a transient refusal. First rule that fits.
    private static func deferral(code: UInt16, subject: UInt16, detail: UInt16, signals: ReplySignals, known: Bool) -> DeliveryFailure {
        if (subject, detail) == (2, 2) || signals.contains(.mailboxFull) { return self.failure(.transient, .mailboxFull, .mailboxFull) }
        if (subject, detail) == (3, 4) || (subject, detail) == (2, 3) || signals.contains(.tooLarge) {
            return self.failure(.transient, .messageTooLarge, .general)
        }
        if (subject, detail) == (5, 3) || signals.contains(.tooManyRecipients) { return self.failure(.transient, .transient, .general) }
        // Greylisting lists often name the client's address too.
        if signals.contains(.greylist) { return self.failure(.transient, .transient, .general) }
        if signals.contains(.mailboxBusy) { return self.failure(.transient, .transient, .general) }
        if signals.contains(.address) { return self.failure(.policy, .transient, .ipFailure) }
        if signals.contains(.spam) { return self.failure(.policy, .contentRejected, .spamDetected) }
        if signals.contains(.authentication) { return self.failure(.policy, .transient, .general) }
        if signals.contains(.rate) { return self.failure(.policy, .transient, .ipFailure) }
        if signals.contains(.serverTrouble) { return self.failure(.transient, .transient, .recipientServerError) }
        switch subject {
        case 1, 2, 6: return self.failure(.transient, .transient, .general)
        case 3, 5: return self.failure(.transient, .transient, .recipientServerError)
        case 4: return self.failure(.transient, .transient, .transientCommunicationFailure)
        case 7: return self.failure(.policy, .transient, .general)
        default: break
        }
        if known { return self.failure(.transient, .transient, .general) }
        switch code {
        case 421, 451, 452: return self.failure(.transient, .transient, .recipientServerError)
        case 450: return self.failure(.transient, .transient, .general)
        default: return self.failure(.transient, .transient, .undetermined)
        }
    }

    // MARK: -

    private static func isAboutConnection(_ stage: SMTPStage) -> Bool {
        switch stage {
        case .connect, .banner, .hello, .startTLS, .tlsHandshake, .reset, .idle, .quit: true
        case .mail, .recipient, .data, .content, .finalDot: false
        }
    }

    /// The far side's status, or the one that goes with the verdict. The class digit follows the verdict.
    private static func status(_ reply: SMTPReply, failure: FailureClass, bounce: BounceKind) -> String {
        let digit: UInt8 = failure == .permanent ? 5 : 4
        if let status = reply.enhancedStatus { return "\(digit).\(status.subject).\(status.detail)" }
        return switch bounce {
        case .noEmail: "\(digit).1.1"
        case .mailboxFull: "\(digit).2.2"
        case .messageTooLarge: "\(digit).3.4"
        case .contentRejected, .attachmentRejected: "\(digit).6.0"
        case .undetermined, .permanent, .transient, .customTimeoutExceeded: "\(digit).0.0"
        }
    }

    private static func failure(_ failure: FailureClass, _ bounce: BounceKind, _ delay: DelayType) -> DeliveryFailure {
        DeliveryFailure(failure: failure, bounce: bounce, delay: delay, status: "", diagnostic: "")
    }
}
