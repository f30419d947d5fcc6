package import ApusCore
package import ApusSchema
internal import SMTPProtocol

/// Puts the results of an attempt into the form that markers keep (``outcomes(of:recipients:results:attempt:at:place:notBefore:)``), and
/// from that form into events and a retry record (``OutcomeRecords``).
///
/// Both the first emission and every replay go through the kept form, so a replay cannot differ.
package struct EventFactory: Sendable {
    /// The name that this side gives at EHLO.
    private let reportingMTA: String
    /// The longest lifetime; a shorter one was set by the sender.
    private let defaultLifetime: Duration

    /// - Parameters:
    ///   - reportingMTA: this side's name.
    ///   - defaultLifetime: how long delivery is tried for where the sender set no deadline.
    package init(reportingMTA: String, defaultLifetime: Duration) {
        self.reportingMTA = reportingMTA
        self.defaultLifetime = defaultLifetime
    }

    /// What is kept of each recipient.
    ///
    /// Recipients that share a fate share an event: one Delivery, one Bounce for each bounce type, one DeliveryDelay for each delay
    /// type. What is kept for one recipient is the event with that recipient alone and the shared event's id.
    ///
    /// - Parameters:
    ///   - message: the record.
    ///   - recipients: the attempt's recipients, a part of the record's.
    ///   - results: one for each of `recipients`.
    ///   - attempt: 1 for the first attempt.
    ///   - now: when the attempt ended.
    ///   - place: where it took place.
    ///   - notBefore: when deferred recipients are tried again.
    package func outcomes(
        of message: Apus_V1_OutboundMessage, recipients: [String], results: [RecipientResult], attempt: Int, at now: UnixMilliseconds,
        place: AttemptPlace, notBefore: UnixMilliseconds
    ) -> [Apus_V1_DeliveryOutcome] {
        precondition(recipients.count == results.count, "one result for each recipient")
        let kinds = results.map { Kind($0, expired: now.rawValue >= message.expiresAtMs) }
        var ids: [Kind: String] = [:]
        for kind in Set(kinds) {
            let members = zip(recipients, kinds).compactMap { $1 == kind ? $0 : nil }
            ids[kind] = EventID.make(messageID: message.messageID, recipients: members, attempt: attempt, type: kind.type)
        }
        return recipients.indices.map { index in
            var event = Apus_V1_SendingEvent()
            event.schema = SchemaVersion.current
            event.eventID = ids[kinds[index]] ?? ""
            event.occurredAtMs = now.rawValue
            var outcome = Apus_V1_DeliveryOutcome()
            switch results[index] {
            case .delivered(let reply):
                event.delivery = self.delivery(of: message, to: recipients[index], response: ReplyText.line(reply), at: now, place: place)
                event.tags = Self.tags(of: place)
            case .failed(var failure):
                let isDeferral = kinds[index].isDelay
                if case .expired = kinds[index] {
                    failure = .expired(
                        last: failure, minutes: self.minutesTried(message, now: now), isSendersDeadline: self.hasSendersDeadline(message))
                }
                if isDeferral {
                    event.deliveryDelay = self.delay(of: message, to: recipients[index], failure: failure)
                    outcome.notBeforeMs = notBefore.rawValue
                    outcome.failure = UInt32(failure.failure.rawValue)
                    outcome.reply = failure.diagnostic
                } else {
                    event.bounce = self.bounce(of: message, to: recipients[index], failure: failure, eventID: event.eventID, place: place)
                    event.tags = Self.tags(of: place)
                }
            }
            outcome.event = event
            return outcome
        }
    }

    /// The results of recipients whose deadline passed without another attempt.
    ///
    /// - Parameter classifier: reads the record's last reply.
    package func expiry(
        of message: Apus_V1_OutboundMessage, at now: UnixMilliseconds, classifier: ReplyClassifier
    ) -> DeliveryFailure {
        let last: DeliveryFailure? = ReplyText.parse(message.lastReply).map { reply in
            var failure = classifier.classify(reply, stage: .finalDot)
            failure.diagnostic = message.lastReply
            return failure
        }
        return .expired(last: last, minutes: self.minutesTried(message, now: now), isSendersDeadline: self.hasSendersDeadline(message))
    }

    /// Results with an equal kind share an event.
    private enum Kind: Hashable {
        case delivery
        case bounce(BounceKind)
        case delay(DelayType)
        /// A deferral after the deadline.
        case expired(BounceKind)

        init(_ result: RecipientResult, expired: Bool) {
            switch result {
            case .delivered: self = .delivery
            case .failed(let failure):
                if failure.failure == .permanent {
                    self = .bounce(failure.bounce)
                } else {
                    self = expired ? .expired(failure.bounce) : .delay(failure.delay)
                }
            }
        }

        /// The word in the event's id.
        var type: String {
            switch self {
            case .delivery: "Delivery"
            case .bounce(let kind), .expired(let kind): "Bounce/\(kind.rawValue)"
            case .delay(let type): "DeliveryDelay/\(type.rawValue)"
            }
        }

        var isDelay: Bool {
            if case .delay = self { true } else { false }
        }
    }

    private func delivery(
        of message: Apus_V1_OutboundMessage, to recipient: String, response: String, at now: UnixMilliseconds, place: AttemptPlace
    ) -> Apus_V1_SendingEvent.Delivery {
        var delivery = Apus_V1_SendingEvent.Delivery()
        delivery.recipients = [recipient]
        delivery.processingTimeMs = max(now.rawValue - message.acceptedAtMs, 0)
        delivery.smtpResponse = response
        delivery.reportingMta = self.reportingMTA
        delivery.remoteMtaIp = place.remoteAddress
        return delivery
    }

    private func bounce(
        of message: Apus_V1_OutboundMessage, to recipient: String, failure: DeliveryFailure, eventID: String, place: AttemptPlace
    ) -> Apus_V1_SendingEvent.Bounce {
        var bounce = Apus_V1_SendingEvent.Bounce()
        bounce.bounceType = failure.bounce.type
        bounce.bounceSubType = failure.bounce.subType
        bounce.recipients = [Self.recipient(recipient, action: "failed", failure: failure)]
        bounce.feedbackID = EventID.feedbackID(eventID: eventID, messageID: message.messageID)
        bounce.reportingMta = "dns; \(self.reportingMTA)"
        bounce.remoteMtaIp = place.remoteAddress
        return bounce
    }

    private func delay(
        of message: Apus_V1_OutboundMessage, to recipient: String, failure: DeliveryFailure
    ) -> Apus_V1_SendingEvent.DeliveryDelay {
        var delay = Apus_V1_SendingEvent.DeliveryDelay()
        delay.delayType = failure.delay.rawValue
        delay.expirationTimeMs = message.expiresAtMs
        delay.recipients = [Self.recipient(recipient, action: "", failure: failure)]
        delay.reportingMta = self.reportingMTA
        return delay
    }

    private static func recipient(_ address: String, action: String, failure: DeliveryFailure) -> Apus_V1_SendingEvent.Recipient {
        var recipient = Apus_V1_SendingEvent.Recipient()
        recipient.emailAddress = address
        recipient.action = action
        recipient.status = failure.status
        recipient.diagnosticCode = "smtp; \(failure.diagnostic)"
        return recipient
    }

    /// SES's automatic tag of events that happened on a connection.
    private static func tags(of place: AttemptPlace) -> [Apus_V1_Tag] {
        guard !place.localAddress.isEmpty else { return [] }
        var tag = Apus_V1_Tag()
        tag.name = "ses:outgoing-ip"
        tag.value = place.localAddress
        return [tag]
    }

    private func minutesTried(_ message: Apus_V1_OutboundMessage, now: UnixMilliseconds) -> Int64 {
        let until = min(now.rawValue, message.expiresAtMs)
        return max(until - message.acceptedAtMs, 0) / 60_000
    }

    private func hasSendersDeadline(_ message: Apus_V1_OutboundMessage) -> Bool {
        .milliseconds(message.expiresAtMs - message.acceptedAtMs) < self.defaultLifetime
    }
}
