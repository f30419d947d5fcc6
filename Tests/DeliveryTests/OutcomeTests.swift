import ApusCore
import ApusSchema
import Backends
import Delivery
import Foundation
import NIOCore
import SMTPProtocol
import SwiftProtobuf
import Testing

@Suite struct EventIDTests {
    @Test func equalPartsGiveEqualIDs() {
        let id = EventID.make(messageID: "m", recipients: ["a", "b"], attempt: 1, type: "Delivery")
        #expect(id == EventID.make(messageID: "m", recipients: ["a", "b"], attempt: 1, type: "Delivery"))
        #expect(id.utf8.count == 32 && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    }

    @Test func anyDifferenceGivesAnotherID() {
        let ids = [
            EventID.make(messageID: "m", recipients: ["a", "b"], attempt: 1, type: "Delivery"),
            EventID.make(messageID: "m", recipients: ["ab"], attempt: 1, type: "Delivery"),
            EventID.make(messageID: "m", recipients: ["b", "a"], attempt: 1, type: "Delivery"),
            EventID.make(messageID: "m", recipients: ["a", "b"], attempt: 2, type: "Delivery"),
            EventID.make(messageID: "m", recipients: ["a", "b"], attempt: 1, type: "Bounce"),
            EventID.make(messageID: "ma", recipients: ["b"], attempt: 1, type: "Delivery"),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test func knownValue() {
        // Ids are compared by receivers over releases: this one must never change.
        #expect(EventID.make(messageID: "m", recipients: ["a@b.test"], attempt: 1, type: "Delivery") == "d989f2f9484445923bf9ab84ea6eeedc")
    }

    @Test func feedbackIDHasTheFormOfAMessageID() {
        let event = EventID.make(messageID: Messages.id(1), recipients: ["a"], attempt: 1, type: "Bounce")
        #expect(MessageID(EventID.feedbackID(eventID: event, messageID: Messages.id(1))) != nil)
    }
}

@Suite struct RetryPlanTests {
    let now = UnixMilliseconds(1_800_000_000_000)
    let plan = RetryPlan(schedule: RetrySchedule(intervals: [.seconds(60), .seconds(600)], jitter: 0))

    func next(_ attempt: Int, lifetime: Duration, lane: Duration? = nil) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return self.plan.notBefore(
            after: attempt, now: self.now, expiresAt: self.now + lifetime, laneOpensAt: lane.map { self.now + $0 }, using: &generator) - self.now
    }

    @Test func schedule() {
        #expect(self.next(1, lifetime: .seconds(3600)) == .seconds(60))
        #expect(self.next(2, lifetime: .seconds(3600)) == .seconds(600))
        #expect(self.next(9, lifetime: .seconds(3600)) == .seconds(600))
    }

    @Test func lastChanceBeforeTheDeadline() {
        #expect(self.next(2, lifetime: .seconds(500)) == .seconds(440))
        #expect(self.next(2, lifetime: .seconds(120)) == .seconds(60))
        // Too near for another attempt: the next thing is the bounce.
        #expect(self.next(2, lifetime: .seconds(119)) == .seconds(119))
        #expect(self.next(1, lifetime: .seconds(10)) == .seconds(10))
    }

    @Test func notBeforeTheLaneOpens() {
        #expect(self.next(1, lifetime: .seconds(3600), lane: .seconds(300)) == .seconds(300))
        #expect(self.next(2, lifetime: .seconds(3600), lane: .seconds(300)) == .seconds(600))
    }
}

@Suite struct DelayLadderTests {
    @Test func largestTierThatFits() {
        #expect(DelayLadder.standard.largest(within: .seconds(3)) == .fifteenSeconds)
        #expect(DelayLadder.standard.largest(within: .seconds(60)) == .oneMinute)
        #expect(DelayLadder.standard.largest(within: .seconds(299)) == .oneMinute)
        #expect(DelayLadder.standard.largest(within: .seconds(100_000)) == .oneDay)
        let short = DelayLadder(delays: [.fifteenSeconds: .seconds(1), .oneMinute: .seconds(2)])
        #expect(short.largest(within: .seconds(3)) == .oneMinute)
        #expect(short.delay(of: .oneMinute) == .seconds(2))
        #expect(short.delay(of: .oneHour) == .seconds(3600))
    }
}

@Suite struct OutcomeTests {
    let factory = EventFactory(reportingMTA: "mail.test", defaultLifetime: .seconds(14 * 3600))
    let records = OutcomeRecords(ladder: .standard)
    let now = UnixMilliseconds(1_800_000_000_000)

    func message(_ recipients: [String], lifetime: Duration = .seconds(14 * 3600)) -> Apus_V1_OutboundMessage {
        Messages.message(1, to: recipients, now: UnixMilliseconds(self.now.rawValue - 1500), lifetime: lifetime)
    }

    func deferred(_ text: String = "4.2.2 Over quota") -> RecipientResult {
        .failed(ReplyClassifier.shared.classify(SMTPReply(code: 452, text: text), stage: .recipient))
    }

    var bounced: RecipientResult {
        .failed(ReplyClassifier.shared.classify(SMTPReply(code: 550, text: "5.1.1 No such user"), stage: .recipient))
    }

    var delivered: RecipientResult { .delivered(SMTPReply(code: 250, text: "2.0.0 queued as 1")) }

    func split(_ records: [OutgoingRecord]) throws -> (events: [Apus_V1_SendingEvent], retry: (topic: String, Apus_V1_OutboundMessage)?) {
        let events = try records.filter { $0.topic == Topics.events }.map { try RecordCoding.decode(Apus_V1_SendingEvent.self, from: $0.value) }
        let rest = records.filter { $0.topic != Topics.events }
        #expect(rest.count <= 1)
        return (events, try rest.first.map { ($0.topic, try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: $0.value)) })
    }

    @Test func oneRecordManyFates() throws {
        let recipients = ["a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"]
        let message = self.message(recipients)
        let notBefore = self.now + .seconds(70)
        let outcomes = self.factory.outcomes(
            of: message, recipients: recipients, results: [self.delivered, self.bounced, self.deferred(), self.delivered, self.deferred()],
            attempt: 1, at: self.now, place: AttemptPlace(remoteAddress: "192.0.2.9", localAddress: "192.0.2.1"), notBefore: notBefore)
        let made = try self.records.records(of: message, outcomes: Array(zip(recipients, outcomes)), now: self.now, resumeTopic: "resume")
        let (events, retry) = try self.split(made)
        #expect(events.count == 3)

        let delivery = try #require(events.first { $0.event == .delivery($0.delivery) })
        #expect(delivery.delivery.recipients == ["a@x.test", "d@x.test"])
        #expect(delivery.delivery.smtpResponse == "250 2.0.0 queued as 1")
        #expect(delivery.delivery.processingTimeMs == 1500)
        #expect(delivery.delivery.remoteMtaIp == "192.0.2.9")
        #expect(delivery.tags.map(\.name) == ["ses:from-domain", "ses:outgoing-ip"])
        #expect(delivery.mail.source == "a@sender.test")
        #expect(delivery.messageID == message.messageID && delivery.configurationSet == "set" && delivery.schema == 1)

        let bounce = try #require(events.first { $0.event == .bounce($0.bounce) }).bounce
        #expect(bounce.bounceType == "Permanent" && bounce.bounceSubType == "NoEmail")
        #expect(bounce.recipients.map(\.emailAddress) == ["b@x.test"])
        #expect(bounce.recipients[0].action == "failed" && bounce.recipients[0].status == "5.1.1")
        #expect(bounce.recipients[0].diagnosticCode == "smtp; 550 5.1.1 No such user")
        #expect(bounce.reportingMta == "dns; mail.test")

        let delay = try #require(events.first { $0.event == .deliveryDelay($0.deliveryDelay) }).deliveryDelay
        #expect(delay.delayType == "MailboxFull" && delay.recipients.map(\.emailAddress) == ["c@x.test", "e@x.test"])
        #expect(delay.expirationTimeMs == message.expiresAtMs)

        let again = try #require(retry)
        #expect(again.topic == "apus.retry.1m")
        #expect(again.1.recipients == ["c@x.test", "e@x.test"])
        #expect(again.1.attempt == 1 && again.1.hop == 1 && again.1.notBeforeMs == notBefore.rawValue)
        #expect(again.1.lastReply == "452 4.2.2 Over quota" && again.1.lastFailure == 2)
        #expect(again.1.resumeTopic == "resume" && again.1.body == message.body)
    }

    @Test func replayIsIdentical() throws {
        let recipients = ["a@x.test", "b@x.test", "c@x.test"]
        let message = self.message(recipients)
        let outcomes = self.factory.outcomes(
            of: message, recipients: recipients, results: [self.delivered, self.bounced, self.deferred()], attempt: 1, at: self.now,
            place: AttemptPlace(remoteAddress: "192.0.2.9", localAddress: "192.0.2.1"), notBefore: self.now + .seconds(70))
        let first = try self.records.records(of: message, outcomes: Array(zip(recipients, outcomes)), now: self.now, resumeTopic: "r")
        let kept = try outcomes.map { try Apus_V1_DeliveryOutcome(serializedBytes: try $0.serializedBytes() as [UInt8]) }
        let again = try self.records.records(of: message, outcomes: Array(zip(recipients, kept)), now: self.now, resumeTopic: "r")
        #expect(first.map(\.value) == again.map(\.value))
        #expect(first.map(\.topic) == again.map(\.topic))
    }

    @Test func differentBouncesAreDifferentEvents() throws {
        let recipients = ["a@x.test", "b@x.test"]
        let message = self.message(recipients)
        let full = RecipientResult.failed(ReplyClassifier.shared.classify(SMTPReply(code: 552, text: "5.2.2 full"), stage: .recipient))
        let outcomes = self.factory.outcomes(
            of: message, recipients: recipients, results: [self.bounced, full], attempt: 1, at: self.now, place: AttemptPlace(), notBefore: self.now)
        let (events, retry) = try self.split(
            try self.records.records(of: message, outcomes: Array(zip(recipients, outcomes)), now: self.now, resumeTopic: "r"))
        #expect(events.map(\.bounce.bounceSubType) == ["NoEmail", "MailboxFull"])
        #expect(Set(events.map(\.eventID)).count == 2)
        #expect(retry == nil)
    }

    @Test func deferralAfterTheDeadlineIsABounce() throws {
        let message = self.message(["a@x.test"], lifetime: .seconds(1))
        let outcomes = self.factory.outcomes(
            of: message, recipients: ["a@x.test"], results: [self.deferred("4.3.0 later")], attempt: 2, at: self.now, place: AttemptPlace(),
            notBefore: self.now)
        let (events, retry) = try self.split(
            try self.records.records(of: message, outcomes: [("a@x.test", outcomes[0])], now: self.now, resumeTopic: "r"))
        #expect(retry == nil)
        #expect(events.first?.bounce.bounceSubType == "CustomTimeoutExceeded")
        #expect(events.first?.bounce.recipients.first?.diagnosticCode.contains("<452 4.3.0 later>") == true)
    }

    @Test func expiryOfTheServicesOwnDeadlineIsGeneral() {
        var message = self.message(["a@x.test"])
        message.lastReply = "451 4.3.0 later"
        let failure = self.factory.expiry(of: message, at: UnixMilliseconds(message.expiresAtMs), classifier: .shared)
        #expect(failure.bounce == .transient)
        #expect(failure.diagnostic == "550 4.4.7 Message expired: unable to deliver in 840 minutes.<451 4.3.0 later>")
    }

    @Test func fiftyRecipientsStayWithinAMarker() throws {
        let recipients = (0..<50).map { "recipient-number-\($0)@a-rather-long-domain-name.example.test" }
        let long = RecipientResult.failed(
            ReplyClassifier.shared.classify(SMTPReply(code: 550, text: "5.1.1 " + String(repeating: "x", count: 4000)), stage: .recipient))
        let outcomes = self.factory.outcomes(
            of: self.message(recipients), recipients: recipients, results: Array(repeating: long, count: 50), attempt: 1, at: self.now,
            place: AttemptPlace(), notBefore: self.now)
        for outcome in outcomes { #expect((try outcome.serializedBytes() as [UInt8]).count <= DeliveryClaim.maximumOutcomeBytes) }
    }

    @Test func heldRecordCountsNoAttempt() throws {
        let message = self.message(["a@x.test", "b@x.test"])
        let held = try self.records.hold(
            of: message, recipients: ["b@x.test"], notBefore: self.now + .seconds(20), now: self.now, resumeTopic: "r")
        #expect(held.topic == "apus.hold.15s")
        let copy = try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: held.value)
        #expect(copy.attempt == 0 && copy.hop == 1 && copy.recipients == ["b@x.test"] && copy.resumeTopic == "r")
    }
}
