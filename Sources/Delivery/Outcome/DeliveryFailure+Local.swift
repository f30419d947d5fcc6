internal import ApusCore
package import SMTPProtocol

/// Failures without a verdict of the far side.
extension DeliveryFailure {
    /// No answer to the question where mail goes, or one that says nowhere.
    package enum Routing: Hashable, Sendable {
        /// The domain does not exist, or has neither mail exchangers nor addresses.
        case noSuchDomain
        /// The domain says that it takes no mail (RFC 7505).
        case nullExchanger
        /// The domain is not a name that DNS can be asked for.
        case invalidDomain
        /// DNS gave no answer: time-out, SERVFAIL, a signature that does not hold.
        case noAnswer
        /// There are mail exchangers, and none of them has an address now.
        case noAddress
    }

    /// - Parameter routing: what DNS, or the lack of it, said.
    package init(routing: Routing) {
        switch routing {
        case .noSuchDomain:
            self.init(failure: .permanent, bounce: .permanent, delay: .general, status: "5.4.4", diagnostic: "550 5.4.4 Invalid domain")
        case .invalidDomain:
            self.init(failure: .permanent, bounce: .permanent, delay: .general, status: "5.1.2", diagnostic: "550 5.1.2 Malformed domain name")
        case .nullExchanger:
            self.init(
                failure: .permanent, bounce: .permanent, delay: .general, status: "5.1.10",
                diagnostic: "550 5.1.10 The domain does not accept mail (null MX)")
        case .noAnswer:
            self.init(
                failure: .transient, bounce: .transient, delay: .transientCommunicationFailure, status: "4.4.3",
                diagnostic: "421 4.4.3 Unable to look up the domain in DNS", isAboutConnection: true)
        case .noAddress:
            self.init(
                failure: .transient, bounce: .transient, delay: .transientCommunicationFailure, status: "4.4.4",
                diagnostic: "421 4.4.4 The domain's mail exchangers have no address", isAboutConnection: true)
        }
    }

    /// A session or transaction that ended without a verdict.
    ///
    /// - Parameters:
    ///   - interruption: what happened.
    ///   - classifier: for interruptions that carry a reply.
    package init(_ interruption: SMTPInterruption, classifier: ReplyClassifier) {
        let stage = interruption.stage
        switch interruption.cause {
        case .reply(let reply):
            self = classifier.classify(reply, stage: stage)
            self.isAboutConnection = true
        case .connectFailed:
            self.init(communication: "4.4.1", "Failed to establish connection")
        case .timedOut:
            self.init(
                communication: stage == .connect ? "4.4.1" : "4.4.2",
                stage == .connect ? "Connection attempt timed out" : "Timed out waiting for the server (\(Self.name(stage)))")
        case .connectionClosed, .notConnected:
            self.init(communication: "4.4.2", "Connection closed by the server (\(Self.name(stage)))")
        case .protocolViolation:
            self.init(
                failure: .transient, bounce: .transient, delay: .recipientServerError, status: "4.5.0",
                diagnostic: "421 4.5.0 The server's answer is not SMTP (\(Self.name(stage)))", isAboutConnection: true)
        case .tlsNotOffered:
            self.init(
                failure: .policy, bounce: .transient, delay: .general, status: "4.7.4",
                diagnostic: "421 4.7.4 TLS is required and the server does not offer it", isAboutConnection: true)
        case .tlsFailed:
            self.init(
                failure: interruption.mayRetryInClear ? .transient : .policy, bounce: .transient, delay: .transientCommunicationFailure,
                status: "4.7.5", diagnostic: "421 4.7.5 TLS could not be established", isAboutConnection: true)
        case .noResources:
            self = .internalFault("No connection could be opened for lack of resources")
        case .aborted:
            self = .internalFault("The attempt was broken off")
        }
    }

    /// The far side stated a limit that this message does not meet, so it was not offered.
    package init(_ refusal: SMTPLocalRefusal) {
        switch refusal {
        case .tooLarge:
            self.init(
                failure: .permanent, bounce: .messageTooLarge, delay: .general, status: "5.3.4",
                diagnostic: "552 5.3.4 Message size exceeds the size that the server accepts")
        case .smtpUTF8NotOffered:
            self.init(
                failure: .permanent, bounce: .permanent, delay: .general, status: "5.6.7",
                diagnostic: "550 5.6.7 The server does not take internationalized addresses")
        case .eightBitNotOffered:
            self.init(
                failure: .permanent, bounce: .contentRejected, delay: .general, status: "5.6.3",
                diagnostic: "554 5.6.3 The server does not take 8-bit content")
        }
    }

    /// Something on this side went wrong.
    ///
    /// - Parameter what: for the operator and the sender; no contents.
    package static func internalFault(_ what: String) -> DeliveryFailure {
        DeliveryFailure(
            failure: .internal, bounce: .transient, delay: .internalFailure, status: "4.3.0", diagnostic: ReplyText.cut("451 4.3.0 \(what)"),
            isAboutConnection: true)
    }

    /// The deadline has passed.
    ///
    /// ```
    /// 550 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.1 Failed to establish connection>
    /// ```
    ///
    /// - Parameters:
    ///   - last: the last attempt's failure as a classified reply; nil when there was no attempt.
    ///   - minutes: how long delivery was tried for.
    ///   - isSendersDeadline: whether the sender had set it (MaxDeliverySeconds).
    package static func expired(last: DeliveryFailure?, minutes: Int64, isSendersDeadline: Bool) -> DeliveryFailure {
        var text = "550 4.4.7 Message expired: unable to deliver in \(minutes) minutes."
        if let last, !last.diagnostic.isEmpty { text += "<\(last.diagnostic)>" }
        let bounce: BounceKind =
            if isSendersDeadline {
                .customTimeoutExceeded
            } else {
                switch last?.bounce {
                case .mailboxFull: .mailboxFull
                case .messageTooLarge: .messageTooLarge
                default: .transient
                }
            }
        return DeliveryFailure(failure: .permanent, bounce: bounce, delay: .general, status: "4.4.7", diagnostic: ReplyText.cut(text))
    }

    private init(communication status: String, _ what: String) {
        self.init(
            failure: .transient, bounce: .transient, delay: .transientCommunicationFailure, status: status,
            diagnostic: "421 \(status) \(what)", isAboutConnection: true)
    }

    /// A stage in words for a text that senders read.
    private static func name(_ stage: SMTPStage) -> String {
        switch stage {
        case .connect: "connecting"
        case .banner: "greeting"
        case .hello: "EHLO"
        case .startTLS, .tlsHandshake: "STARTTLS"
        case .reset: "RSET"
        case .mail: "MAIL FROM"
        case .recipient: "RCPT TO"
        case .data: "DATA"
        case .content: "message content"
        case .finalDot: "end of message"
        case .quit: "QUIT"
        case .idle: "idle"
        }
    }
}

/// Failures of this side that another attempt does not mend.
extension DeliveryFailure {
    /// The address cannot be written in SMTP.
    package static let malformedAddress = DeliveryFailure(
        failure: .permanent, bounce: .permanent, delay: .general, status: "5.1.3", diagnostic: "553 5.1.3 Malformed recipient address")
    /// The message's content is gone.
    package static let lostBody = DeliveryFailure(
        failure: .permanent, bounce: .undetermined, delay: .internalFailure, status: "5.3.0",
        diagnostic: "554 5.3.0 The message's content is not available any more")
}
