package import ApusCore
package import ApusSchema
package import Backends
internal import NIOCore

/// Turns the kept outcomes of an attempt into the records that follow from them: events, and a retry of what was deferred.
package struct OutcomeRecords: Sendable {
    /// The delays of the retry topics.
    private let ladder: DelayLadder

    package init(ladder: DelayLadder) {
        self.ladder = ladder
    }

    /// The records of an attempt, for the first emission and for every replay alike.
    ///
    /// - Parameters:
    ///   - message: the record that was attempted.
    ///   - outcomes: recipients with what is kept of them, in the record's order.
    ///   - now: chooses the retry topic.
    ///   - resumeTopic: where a retry comes back to.
    /// - Throws: `BinaryEncodingError` for a record above 2 GB.
    package func records(
        of message: Apus_V1_OutboundMessage, outcomes: [(recipient: String, outcome: Apus_V1_DeliveryOutcome)], now: UnixMilliseconds,
        resumeTopic: String
    ) throws -> [OutgoingRecord] {
        var records: [OutgoingRecord] = []
        for event in Self.merged(outcomes.map(\.outcome)) {
            records.append(try Self.record(of: event, message: message))
        }
        let deferred = outcomes.filter { $0.outcome.notBeforeMs != 0 }
        if !deferred.isEmpty {
            records.append(try self.retry(of: message, deferred: deferred, now: now, resumeTopic: resumeTopic))
        }
        return records
    }

    /// The record that waits for local reasons, with no attempt counted.
    ///
    /// - Parameters:
    ///   - message: the record that cannot start.
    ///   - recipients: those that wait; the others are taken care of.
    ///   - notBefore: when to look again.
    package func hold(
        of message: Apus_V1_OutboundMessage, recipients: [String], notBefore: UnixMilliseconds, now: UnixMilliseconds, resumeTopic: String
    ) throws -> OutgoingRecord {
        var held = message
        held.recipients = recipients
        held.hop += 1
        held.notBeforeMs = notBefore.rawValue
        held.resumeTopic = resumeTopic
        let topic = Topics.hold(self.ladder.largest(within: notBefore - now))
        return OutgoingRecord(topic: topic, key: Self.waitingKey(of: message), value: try RecordCoding.encode(held))
    }

    /// Pool and destination: what waits for the same is in one partition, in its order.
    private static func waitingKey(of message: Apus_V1_OutboundMessage) -> [UInt8] {
        Array("\(message.queue.isEmpty ? Topics.defaultQueue : message.queue)/\(message.destination)".utf8)
    }

    private func retry(
        of message: Apus_V1_OutboundMessage, deferred: [(recipient: String, outcome: Apus_V1_DeliveryOutcome)], now: UnixMilliseconds,
        resumeTopic: String
    ) throws -> OutgoingRecord {
        var retry = message
        retry.recipients = deferred.map(\.recipient)
        retry.attempt += 1
        retry.hop += 1
        retry.resumeTopic = resumeTopic
        retry.notBeforeMs = deferred.reduce(0) { max($0, $1.outcome.notBeforeMs) }
        retry.lastReply = deferred[0].outcome.reply
        retry.lastFailure = deferred[0].outcome.failure
        let wait = UnixMilliseconds(retry.notBeforeMs) - now
        return OutgoingRecord(
            topic: Topics.retry(self.ladder.largest(within: wait)), key: Self.waitingKey(of: message), value: try RecordCoding.encode(retry))
    }

    /// Joins the events of recipients that share one, in the recipients' order.
    private static func merged(_ outcomes: [Apus_V1_DeliveryOutcome]) -> [Apus_V1_SendingEvent] {
        var events: [Apus_V1_SendingEvent] = []
        var positions: [String: Int] = [:]
        for outcome in outcomes where outcome.hasEvent {
            guard let position = positions[outcome.event.eventID] else {
                positions[outcome.event.eventID] = events.count
                events.append(outcome.event)
                continue
            }
            switch outcome.event.event {
            case .delivery(let delivery): events[position].delivery.recipients += delivery.recipients
            case .bounce(let bounce): events[position].bounce.recipients += bounce.recipients
            case .deliveryDelay(let delay): events[position].deliveryDelay.recipients += delay.recipients
            case .send, .reject, nil: break
            }
        }
        return events
    }

    private static func record(of kept: Apus_V1_SendingEvent, message: Apus_V1_OutboundMessage) throws -> OutgoingRecord {
        var event = kept
        event.messageID = message.messageID
        event.account = message.account
        event.configurationSet = message.configurationSet
        event.tags = message.tags + kept.tags
        event.acceptedAtMs = message.acceptedAtMs
        event.mail = message.mail
        return OutgoingRecord(topic: Topics.events, key: Array(message.messageID.utf8), value: try RecordCoding.encode(event))
    }
}
