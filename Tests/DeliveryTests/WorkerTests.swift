import ApusCore
import ApusSchema
import Backends
import Delivery
import DNSResolver
import Foundation
import MailAuthentication
import MailSink
import NIOCore
import SMTPProtocol
import SMTPTransport
import Synchronization
import SwiftProtobuf
import Testing

/// A worker end to end: bus, markers, SMTP over loopback, events.
@Suite(.timeLimit(.minutes(2)), .serialized) struct WorkerTests {
    static func rule(_ stage: MailSinkStage, _ action: MailSinkRule.Action, recipient: String? = nil, first: Int? = nil) -> MailSinkRule {
        var rule = MailSinkRule(name: "rule", stage: stage, action: action)
        rule.recipient = recipient
        rule.first = first
        return rule
    }

    // MARK: - Outcomes

    @Test func delivered() async throws {
        try await WorkerStage.run { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test", "b@x.test"]))
            try await stage.drained()
            let events = try stage.events
            #expect(events.count == 1)
            #expect(events[0].delivery.recipients == ["a@x.test", "b@x.test"])
            #expect(events[0].delivery.remoteMtaIp == "127.0.0.1")
            #expect(events[0].delivery.reportingMta == "mail.test")
            #expect(events[0].delivery.smtpResponse.hasPrefix("250 "))
            let message = try #require(stage.sink.messages.first)
            #expect(message.recipients == ["a@x.test", "b@x.test"])
            #expect(message.sender == "\(Messages.id(1))@mail.test")
            #expect(message.hello == "mail.test")
            #expect(String(buffer: message.content).hasSuffix("\r\n\r\nHello.\r\n.dot\r\n"))
            // The marker was written before the dot, and the outcome after it.
            #expect(stage.throttling.state.withLock { $0.calls } == ["claim", "data", "finish"])
        }
    }

    @Test func thousandsOfMessagesOverManyDomains() async throws {
        try await WorkerStage.run {
            $0.partitions = 8
            $0.sink.keptMessages = 0
            $0.sink.countsCopies = true
            // However slow the machine: none is held for having waited.
            $0.configuration.lanes.patience = .seconds(600)
        } _: { stage in
            let count = 3000
            try await stage.submit((0..<count).map { Messages.message($0, to: ["a@d\($0 % 37).test"]) })
            try await stage.drained()
            #expect(stage.sink.statistics.messages == count)
            #expect(stage.sink.statistics.distinctIDs == count)
            let events = try stage.events
            #expect(events.count == count && Set(events.map(\.eventID)).count == count)
            #expect(try stage.waiting(.hold).isEmpty)
            // One site, few connections.
            #expect(stage.sink.statistics.connections <= 40)
        }
    }

    @Test func deferredThenDelivered() async throws {
        try await WorkerStage.run {
            $0.sink.rules = MailSinkRules([Self.rule(.rcpt, .reply(SMTPReply(code: 451, text: "4.7.1 Greylisted, try later")), first: 1)])
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            let delay = try #require(try stage.events.first).deliveryDelay
            #expect(delay.delayType == "General")
            #expect(delay.recipients[0].diagnosticCode == "smtp; 451 4.7.1 Greylisted, try later")
            #expect(delay.recipients[0].status == "4.7.1")
            let retry = try #require(try stage.waiting(.retry).first)
            #expect(retry.attempt == 1 && retry.hop == 1 && retry.lastReply == "451 4.7.1 Greylisted, try later")
            #expect(retry.resumeTopic == WorkerStage.topic)
            let lanes = await stage.worker.summary().lanes
            #expect(lanes.first?.deferred == 1 && lanes.first?.lastReply == "451 4.7.1 Greylisted, try later")

            try await stage.putBack(.retry)
            try await stage.drained()
            #expect(try stage.events.count == 2)
            #expect(try stage.events[1].delivery.recipients == ["a@x.test"])
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    @Test(arguments: [MailSinkStage.mail, .rcpt, .data, .dot])
    func bounced(_ at: MailSinkStage) async throws {
        try await WorkerStage.run {
            $0.sink.rules = MailSinkRules([Self.rule(at, .reply(SMTPReply(code: 550, text: "5.1.1 No such user")))])
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            let bounce = try #require(try stage.events.first).bounce
            #expect(bounce.bounceType == "Permanent" && bounce.bounceSubType == "NoEmail")
            #expect(bounce.recipients[0].diagnosticCode == "smtp; 550 5.1.1 No such user")
            #expect(MessageID(bounce.feedbackID) != nil)
            #expect(try stage.events.count == 1)
            #expect(try stage.waiting(.retry).isEmpty)
        }
    }

    @Test func recipientsOfOneRecordPartWays() async throws {
        try await WorkerStage.run {
            $0.sink.rules = MailSinkRules([
                Self.rule(.rcpt, .reply(SMTPReply(code: 550, text: "5.1.1 No such user")), recipient: "bad*"),
                Self.rule(.rcpt, .reply(SMTPReply(code: 452, text: "4.2.2 Over quota")), recipient: "full*", first: 1),
            ])
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test", "bad@x.test", "full@x.test", "b@x.test"]))
            try await stage.drained()
            let events = try stage.events
            #expect(events.count == 3)
            #expect(events.contains { $0.delivery.recipients == ["a@x.test", "b@x.test"] })
            #expect(events.contains { $0.bounce.recipients.map(\.emailAddress) == ["bad@x.test"] })
            #expect(
                events.contains { $0.deliveryDelay.recipients.map(\.emailAddress) == ["full@x.test"] && $0.deliveryDelay.delayType == "MailboxFull" })
            #expect(try stage.waiting(.retry).map(\.recipients) == [["full@x.test"]])
            try await stage.putBack(.retry)
            try await stage.drained()
            #expect(try stage.events.last?.delivery.recipients == ["full@x.test"])
            #expect(stage.sink.messages.map(\.recipients) == [["a@x.test", "b@x.test"], ["full@x.test"]])
        }
    }

    @Test func signedByTheDomainsKey() async throws {
        let key = try DKIMKey.generateRSA(bits: 1024)
        let edKey = try DKIMKey.generateEd25519()
        try await WorkerStage.run {
            $0.signers = { domain, account in
                #expect(domain == "sender.test" && account.rawValue == "111122223333")
                return [
                    try DKIMSigner(domain: domain, selector: "one", key: key), try DKIMSigner(domain: domain, selector: "two", key: edKey),
                ]
            }
        } _: { stage in
            var message = Messages.message(1, to: ["a@x.test"])
            message.signingDomain = "sender.test"
            try await stage.submit(message)
            try await stage.drained()
            let text = String(buffer: try #require(stage.sink.messages.first).content)
            #expect(text.hasPrefix("DKIM-Signature: v=1; a=rsa-sha256;"))
            #expect(text.contains("\r\nDKIM-Signature: v=1; a=ed25519-sha256;"))
            #expect(text.hasSuffix(String(decoding: message.body, as: UTF8.self)))
        }
    }

    /// Accepted to be signed: without its keys it waits, and never leaves without.
    @Test func withoutItsKeysNothingIsSent() async throws {
        try await WorkerStage.run { stage in
            var message = Messages.message(1, to: ["a@x.test"])
            message.signingDomain = "sender.test"
            try await stage.submit(message)
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 0)
            #expect(try stage.events.first?.deliveryDelay.delayType == "InternalFailure")
            #expect(try stage.waiting(.retry).map(\.attempt) == [1])
        }
    }

    @Test func bodyFromTheBodyStore() async throws {
        try await WorkerStage.run { stage in
            let body = ByteBuffer(string: "From: a@sender.test\r\n\r\n" + String(repeating: "0123456789\r\n", count: 100_000))
            var message = Messages.message(1, to: ["a@x.test"])
            message.bodyReference = try await stage.bodies.put(body, expiresAt: UnixMilliseconds(0))
            var lost = Messages.message(2, to: ["b@x.test"])
            lost.bodyReference = "gone"
            try await stage.submit([message, lost])
            try await stage.drained()
            #expect(stage.sink.messages.map(\.content) == [body])
            #expect(try stage.events.first { $0.messageID == lost.messageID }?.bounce.recipients[0].status == "5.3.0")
        }
    }

    @Test func bodyStoreThatIsAwayHoldsTheMessage() async throws {
        try await WorkerStage.run { stage in
            stage.bodies.setAway(true)
            var message = Messages.message(1, to: ["a@x.test"])
            message.bodyReference = try await stage.bodies.put(ByteBuffer(string: "From: a@b\r\n\r\nx\r\n"), expiresAt: UnixMilliseconds(0))
            try await stage.submit(message)
            try await stage.drained()
            #expect(try stage.events.isEmpty)
            #expect(try stage.waiting(.hold).map(\.attempt) == [0])
            stage.bodies.setAway(false)
            try await stage.putBack(.hold)
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    // MARK: - DNS

    @Test func whereDNSSaysNowhere() async throws {
        try await WorkerStage.run {
            $0.routes = { _ in RouteTable() }
        } _: { stage in
            stage.resolver.set("null.test", .mx, [.mx(preference: 0, host: "")])
            stage.resolver.set("away.test", .mx, .temporaryFailure)
            try await stage.submit(["null", "none", "away"].enumerated().map { Messages.message($0.offset, to: ["a@\($0.element).test"]) })
            try await stage.drained()
            let events = try stage.events
            let byDomain = Dictionary(uniqueKeysWithValues: events.map { ($0.mail.destination[0], $0) })
            #expect(byDomain["a@null.test"]?.bounce.recipients[0].status == "5.1.10")
            #expect(byDomain["a@none.test"]?.bounce.recipients[0].status == "5.4.4")
            #expect(byDomain["a@away.test"]?.deliveryDelay.delayType == "TransientCommunicationFailure")
            #expect(try stage.waiting(.retry).map(\.destination) == ["away.test"])
        }
    }

    @Test func exchangersInTheirOrderAndLoopbackOnlyWhenAllowed() async throws {
        try await WorkerStage.run {
            $0.routes = { _ in RouteTable() }
        } _: { stage in
            stage.resolver.setMX("x.test", host: "mx.x.test", address: [127, 0, 0, 1])
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(try stage.events.first?.deliveryDelay.recipients[0].status == "4.4.4")
        }
        // The port is the sink's, so the first exchanger is one where nothing listens on it.
        try await WorkerStage.run {
            $0.routes = { _ in RouteTable() }
            $0.configuration.dialer.allowsLoopback = true
            $0.configuration.port = 1
        } _: { stage in
            stage.resolver.setMX("x.test", host: "mx.x.test", address: [127, 0, 0, 1])
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            let delay = try #require(try stage.events.first).deliveryDelay
            #expect(delay.delayType == "TransientCommunicationFailure" && delay.recipients[0].status == "4.4.1")
            let lane = try #require(await stage.worker.summary().lanes.first)
            #expect(lane.site == "mx.x.test:1" && lane.waitsFor.hasPrefix("back-off") && lane.deferred == 1)
            // The site is left alone for a while: the next message is deferred at once.
            try await stage.submit(Messages.message(2, to: ["b@x.test"]))
            try await stage.drained()
            #expect(try stage.events.count == 2)
        }
    }

    @Test func nextExchangerWhenTheFirstIsDown() async throws {
        let port = Box(0)
        try await WorkerStage.run {
            $0.sink.listeners = try [.init(address: SocketAddress(ipAddress: "127.0.0.1", port: 0))]
            $0.routes = { sink in
                port.value = sink
                return RouteTable()
            }
            $0.configuration.dialer.allowsLoopback = true
            $0.configuration.port = 0
        } _: { _ in
        }
        // The sink's port is known only once it listens: another one on the same port.
        try await WorkerStage.run {
            $0.sink.listeners = try [.init(address: SocketAddress(ipAddress: "127.0.0.1", port: port.value))]
            $0.routes = { _ in RouteTable() }
            $0.configuration.dialer.allowsLoopback = true
            $0.configuration.port = port.value
        } _: { stage in
            stage.resolver.set("x.test", .mx, [.mx(preference: 10, host: "down.test"), .mx(preference: 20, host: "up.test")])
            stage.resolver.set("down.test", .a, [.address(IPAddress(bytes: [127, 0, 0, 99])!)])
            stage.resolver.set("up.test", .a, [.address(IPAddress(bytes: [127, 0, 0, 1])!)])
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
            #expect(try stage.events.first?.delivery.recipients == ["a@x.test"])
        }
    }

    // MARK: - Read again

    @Test func finishedAttemptIsEmittedAgainAndNotSentAgain() async throws {
        try await WorkerStage.run {
            $0.sink.rules = MailSinkRules([
                Self.rule(.rcpt, .reply(SMTPReply(code: 550, text: "5.1.1 No such user")), recipient: "bad*"),
                Self.rule(.rcpt, .reply(SMTPReply(code: 452, text: "4.2.2 Over quota")), recipient: "full*"),
            ])
        } _: { stage in
            let message = Messages.message(1, to: ["a@x.test", "bad@x.test", "full@x.test"])
            try await stage.submit(message)
            try await stage.drained()
            let first = stage.bus.records(Topics.events).map(\.value)
            let retries = try stage.waiting(.retry)
            // The same record once more, as after a crash between the outcome and the commit.
            try await stage.submit(message)
            try await stage.drained()
            let all = stage.bus.records(Topics.events).map(\.value)
            #expect(Array(all.prefix(3)) == first && Array(all.suffix(3)) == first)
            #expect(try stage.waiting(.retry) == retries + retries)
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    @Test func copyOfAnOlderAttemptIsDropped() async throws {
        try await WorkerStage.run { stage in
            let message = Messages.message(1, to: ["a@x.test"])
            var later = message
            later.attempt = 1
            later.hop = 1
            try await stage.submit(later)
            try await stage.drained()
            try await stage.submit(message)
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
            #expect(try stage.events.count == 1)
        }
    }

    @Test func messageInDoubtIsSentAgain() async throws {
        try await WorkerStage.run { setup in
            setup.throttling.state.withLock { state in
                state.markers[.init(message: Messages.id(1), recipient: "a@x.test")] = .init(
                    attempt: 1, hop: 0, owner: WorkerID("dead"), phase: .data)
            }
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
            #expect(try stage.events.first?.delivery.recipients == ["a@x.test"])
        }
    }

    /// Copies come in bunches after a crash: one sends, the others see its outcome, and none is put away for it.
    @Test func copiesOfOneMessageTakeTurns() async throws {
        try await WorkerStage.run {
            var slow = Self.rule(.dot, .none)
            slow.delay = .milliseconds(200)
            $0.sink.rules = MailSinkRules([slow])
        } _: { stage in
            try await stage.submit((0..<10).map { _ in Messages.message(1, to: ["a@x.test"]) })
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
            #expect(try stage.waiting(.hold).isEmpty)
            #expect(Set(try stage.events.map(\.eventID)).count == 1)
        }
    }

    @Test func messageInALivingOwnersHandsIsLookedAtLater() async throws {
        try await WorkerStage.run { setup in
            setup.throttling.state.withLock { state in
                state.alive[WorkerID("other")] = []
                state.markers[.init(message: Messages.id(1), recipient: "a@x.test")] = .init(
                    attempt: 1, hop: 0, owner: WorkerID("other"), phase: .data)
            }
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test", "b@x.test"]))
            try await stage.drained()
            // The other recipient does not wait for it.
            #expect(stage.sink.messages.map(\.recipients) == [["b@x.test"]])
            let held = try stage.waiting(.hold)
            #expect(held.map(\.recipients) == [["a@x.test"]] && held[0].attempt == 0 && held[0].hop == 1)
            _ = stage.throttling.state.withLock { $0.alive.removeValue(forKey: WorkerID("other")) }
            try await stage.putBack(.hold)
            try await stage.drained()
            #expect(stage.sink.messages.map(\.recipients) == [["b@x.test"], ["a@x.test"]])
        }
    }

    // MARK: - Records that cannot be handled

    /// What five workers have died with kills no sixth: a person looks at it. What was settled of it is told.
    @Test func whatWorkersEndedWithIsSetAside() async throws {
        try await WorkerStage.run { setup in
            var delivered = Apus_V1_DeliveryOutcome()
            delivered.event.delivery.recipients = ["done@x.test"]
            let outcome: [UInt8] = try delivered.serializedBytes()
            setup.throttling.state.withLock { state in
                state.markers[.init(message: Messages.id(1), recipient: "a@x.test")] = .init(
                    attempt: 1, hop: 0, owner: WorkerID("third"), phase: .claimed, deaths: 4)
                state.markers[.init(message: Messages.id(1), recipient: "done@x.test")] = .init(
                    attempt: 1, hop: 0, owner: WorkerID("third"), phase: .finished(outcome))
            }
        } _: { stage in
            try await stage.submit([
                Messages.message(1, to: ["a@x.test", "b@x.test", "done@x.test"]), Messages.message(2, to: ["c@x.test"]),
            ])
            try await stage.drained()
            #expect(stage.sink.messages.map(\.recipients) == [["c@x.test"]])
            let dead = try stage.bus.records(Topics.dead).map { try RecordCoding.decode(Apus_V1_DeadRecord.self, from: $0.value) }
            #expect(dead.count == 1 && dead[0].reason.contains("5 workers ended"))
            #expect(try Apus_V1_OutboundMessage(serializedBytes: dead[0].value).recipients == ["b@x.test", "a@x.test"])
            #expect(try stage.events.map(\.delivery.recipients).filter { $0 != ["c@x.test"] } == [["done@x.test"]])
            // Put back, its count begins anew.
            try await stage.submit(try Apus_V1_OutboundMessage(serializedBytes: dead[0].value))
            try await stage.drained()
            #expect(Set(stage.sink.messages.flatMap(\.recipients)) == ["a@x.test", "b@x.test", "c@x.test"])
        }
    }

    /// The more workers have ended with a message, the fewer of its kind are in hand at once; others go on beside.
    @Test(arguments: [(died: 2, atOnce: 64), (died: 3, atOnce: 8), (died: 4, atOnce: 1)])
    func suspectsAreTakenFewAtATime(died: Int, atOnce: Int) async throws {
        let suspects = atOnce + 20
        try await WorkerStage.run { setup in
            setup.throttling.state.withLock { state in
                for number in 0..<suspects {
                    state.markers[.init(message: Messages.id(number), recipient: "s\(number)@x.test")] = .init(
                        attempt: 1, hop: 0, owner: WorkerID("gone"), phase: .claimed, deaths: died - 1)
                }
            }
        } _: { stage in
            try await stage.submit(
                (0..<suspects).map { Messages.message($0, to: ["s\($0)@x.test"]) }
                    + (0..<20).map { Messages.message(500 + $0, to: ["c\($0)@x.test"]) })
            try await stage.drained()
            #expect(stage.sink.messages.count == suspects + 20)
            #expect(stage.bus.records(Topics.dead).isEmpty)
            let most = stage.throttling.state.withLock { $0.mostUnderWay[died] }
            #expect(most.map { $0 <= atOnce } ?? false, "\(most ?? 0)")
        }
    }

    /// A queue that is made while the worker runs is read as well, and one that goes is read on.
    @Test func topicsComeAndGo() async throws {
        let late = Topics.outbound(queue: "late", class: .transactional)
        final class Names: Sendable {
            let current = Mutex<Set<String>>([WorkerStage.topic])
        }
        let topics = Names()
        try await WorkerStage.run { setup in
            setup.configuration.topics = { topics.current.withLock { $0 } }
        } _: { stage in
            try await stage.bus.ensureTopics([
                TopicDefinition(name: late, partitions: 1, retention: .untilConsumed(group: Topics.group(of: late)))
            ])
            topics.current.withLock { _ = $0.insert(late) }
            var record = try Messages.record(Messages.message(1, to: ["a@x.test"]))
            record.topic = late
            try await stage.bus.produce([record])
            try await stage.bus.wait { $0.lag(late, group: Topics.group(of: late)) == 0 }
            topics.current.withLock { $0 = [] }
            record = try Messages.record(Messages.message(2, to: ["b@x.test"]))
            record.topic = late
            try await stage.bus.produce([record])
            try await stage.bus.wait { $0.lag(late, group: Topics.group(of: late)) == 0 }
            #expect(stage.sink.messages.map(\.recipients) == [["a@x.test"], ["b@x.test"]])
            #expect(stage.bus.consumers.count == 2)
        }
    }

    @Test func poisonGoesToTheDeadTopic() async throws {
        try await WorkerStage.run { stage in
            var twice = Messages.message(1, to: ["a@x.test"])
            twice.recipients = ["a@x.test", "a@x.test"]
            try await stage.bus.produce([
                OutgoingRecord(topic: WorkerStage.topic, key: [7], value: ByteBuffer(bytes: [0xff, 0x01])),
                OutgoingRecord(topic: WorkerStage.topic, key: [7], value: ByteBuffer()),
                try Messages.record(twice), try Messages.record(Messages.message(2, to: ["b@x.test"])),
            ])
            try await stage.drained()
            let dead = try stage.bus.records(Topics.dead).map { try RecordCoding.decode(Apus_V1_DeadRecord.self, from: $0.value) }
            #expect(dead.count == 3)
            #expect(dead.contains { Array($0.value) == [0xff, 0x01] && Array($0.key) == [7] && $0.topic == WorkerStage.topic })
            #expect(dead.allSatisfy { !$0.reason.contains("@") })
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    @Test func newerRecordStopsItsPartitionOnly() async throws {
        try await WorkerStage.run { stage in
            var newer = try Messages.record(Messages.message(1, to: ["a@x.test"]))
            var message = Messages.message(1, to: ["a@x.test"])
            message.schema = 2
            newer.value = try RecordCoding.encode(message)
            newer.partition = 0
            try await stage.bus.produce([newer])
            try await stage.bus.wait { bus in bus.consumers.contains { $0.state.withLock { !$0.paused.isEmpty } } }
            var known = try Messages.record(Messages.message(2, to: ["b@y.test"]))
            known.partition = 0
            var elsewhere = try Messages.record(Messages.message(3, to: ["c@y.test"]))
            elsewhere.partition = 1
            try await stage.bus.produce([known, elsewhere])
            try await stage.bus.wait { $0.lag(WorkerStage.topic, group: WorkerStage.group) == 2 }
            #expect(stage.sink.messages.map(\.recipients) == [["c@y.test"]])
            #expect(stage.bus.records(Topics.dead).isEmpty)
        }
    }

    @Test func expiredMessageBouncesUnsent() async throws {
        try await WorkerStage.run { stage in
            var message = Messages.message(1, to: ["a@x.test"], now: SystemClock.now() + .seconds(-120), lifetime: .seconds(60))
            message.attempt = 3
            message.lastReply = "452 4.2.2 Over quota"
            try await stage.submit(message)
            var old = Messages.message(2, to: ["b@x.test"], now: SystemClock.now() + .seconds(-14 * 3600 - 1))
            old.lastReply = "452 4.2.2 Over quota"
            try await stage.submit(old)
            try await stage.drained()
            let events = try stage.events.sorted { $0.messageID < $1.messageID }
            #expect(events.map(\.bounce.bounceSubType) == ["CustomTimeoutExceeded", "MailboxFull"])
            #expect(events.map(\.bounce.bounceType) == ["Transient", "Transient"])
            #expect(events[0].bounce.recipients[0].status == "4.4.7")
            #expect(
                events[0].bounce.recipients[0].diagnosticCode
                    == "smtp; 550 4.4.7 Message expired: unable to deliver in 1 minutes.<452 4.2.2 Over quota>")
            #expect(stage.sink.statistics.connections == 0)
        }
    }

    @Test func recordBeforeItsTimeIsHeld() async throws {
        try await WorkerStage.run { stage in
            var message = Messages.message(1, to: ["a@x.test"])
            message.notBeforeMs = (SystemClock.now() + .seconds(100)).rawValue
            var soon = Messages.message(2, to: ["b@x.test"])
            soon.notBeforeMs = (SystemClock.now() + .milliseconds(200)).rawValue
            try await stage.submit([message, soon])
            try await stage.drained()
            #expect(stage.sink.messages.map(\.recipients) == [["b@x.test"]])
            #expect(try #require(stage.sink.messages.first).arrivedAt >= soon.notBeforeMs)
            #expect(try stage.waiting(.hold).map(\.recipients) == [["a@x.test"]])
            #expect(stage.bus.records(Topics.hold(.oneMinute)).count == 1)
        }
    }

    @Test func accountsRateIsKept() async throws {
        try await WorkerStage.run {
            $0.throttling.state.withLock { $0.decision = .denied(retryAfter: .seconds(20)) }
            $0.accountLimit = { _ in RateLimit(perSecond: 1, burst: 1) }
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(try stage.waiting(.hold).map(\.attempt) == [0])
            #expect(stage.sink.statistics.connections == 0)
        }
    }

    /// One rewrite each, a second apart, and not one for everybody whenever a token comes free.
    @Test func messagesOverTheRateGetTurns() async throws {
        try await WorkerStage.run {
            $0.throttling.state.withLock { $0.decision = .denied(retryAfter: .seconds(2)) }
            $0.configuration.rateWait = .seconds(1)
            $0.accountLimit = { _ in RateLimit(perSecond: 1, burst: 1) }
        } _: { stage in
            try await stage.submit((0..<20).map { Messages.message($0, to: ["a@x.test"]) })
            try await stage.drained()
            let times = try stage.waiting(.hold).map(\.notBeforeMs).sorted()
            #expect(times.count == 20)
            let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
            #expect(gaps.allSatisfy { $0 >= 500 }, "\(gaps)")
            #expect(times[19] - times[0] >= 18_500)
        }
    }

    @Test func recordWhoseOutcomeTheBusNeverTakesGoesToTheDeadTopic() async throws {
        try await WorkerStage.run { stage in
            stage.bus.state.withLock { $0.topics[Topics.events] = nil }
            try await stage.submit([Messages.message(1, to: ["a@x.test"]), Messages.message(2, to: ["b@x.test"])])
            // It does not keep its partition from committing.
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 2)
            let dead = try stage.bus.records(Topics.dead).map { try RecordCoding.decode(Apus_V1_DeadRecord.self, from: $0.value) }
            #expect(dead.count == 2 && dead.allSatisfy { $0.topic == WorkerStage.topic && !$0.reason.isEmpty })
        }
    }

    /// A killed worker leaves one message of a session in doubt, not two: the next dot waits until the outcome before it is in its marker, on
    /// the same connection and on the one that follows it.
    @Test(arguments: [200, 1])
    func nextDotWaitsForTheOutcomeBefore(messagesPerConnection: Int) async throws {
        try await WorkerStage.run {
            $0.configuration.lanes.connections = 1
            $0.configuration.lanes.messagesPerConnection = messagesPerConnection
            $0.throttling.state.withLock { $0.keepsFinishes = true }
        } _: { stage in
            try await stage.submit([Messages.message(1, to: ["a@x.test"]), Messages.message(2, to: ["b@x.test"])])
            try await stage.bus.wait { _ in
                stage.throttling.state.withLock { state in state.keptFinishes.count == 1 && state.calls.count { $0 == "data" } == 2 }
            }
            // Time to do what it must not; nothing that is to happen is waited for.
            try await Task.sleep(for: .milliseconds(300))
            #expect(stage.sink.statistics.messages == 1)
            stage.throttling.answerFinishes()
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 2)
            #expect(stage.sink.statistics.connections == (messagesPerConnection == 1 ? 2 : 1))
        }
    }

    @Test func bodiesAreFetchedAsManyAsFit() async throws {
        try await WorkerStage.run {
            $0.configuration.ledger.octets = 8 << 20
            $0.sink.keptMessages = 0
            var slow = Self.rule(.dot, .none)
            slow.delay = .milliseconds(20)
            $0.sink.rules = MailSinkRules([slow])
        } _: { stage in
            let body = ByteBuffer(string: "From: a@sender.test\r\n\r\n" + String(repeating: "0123456789\r\n", count: 80_000))
            for number in 0..<30 {
                var message = Messages.message(number, to: ["a@x.test"])
                message.bodyReference = try await stage.bodies.put(body, expiresAt: UnixMilliseconds(0))
                message.bodyOctets = UInt64(body.readableBytes)
                try await stage.submit(message)
            }
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 30)
            // 4 MiB for bodies, each counted twice: two at a time, and no more connections than that.
            #expect((1...2).contains(stage.sink.statistics.connections))
        }
    }

    @Test func serverThatTiresOfErrorsDefersNobody() async throws {
        try await WorkerStage.run {
            $0.configuration.lanes.connections = 1
            $0.configuration.lanes.refusalsPerConnection = 1000
            // After three refusals the server says goodbye to whatever comes next on that connection.
            var unknown = Self.rule(.rcpt, .reply(SMTPReply(code: 550, text: "5.1.1 No such user")), recipient: "bad*")
            unknown.name = "unknown"
            var tired = Self.rule(.mail, .reply(SMTPReply(code: 421, text: "4.7.0 Too many errors")))
            tired.per = .connection
            tired.after = 3
            tired.thenCloses = true
            $0.sink.rules = MailSinkRules([unknown, tired])
        } _: { stage in
            try await stage.submit((0..<20).map { Messages.message($0, to: [$0 % 2 == 0 ? "bad@x.test" : "a@x.test"]) })
            try await stage.drained()
            let events = try stage.events
            #expect(events.count == 20)
            #expect(events.count { !$0.bounce.recipients.isEmpty } == 10)
            #expect(events.count { !$0.delivery.recipients.isEmpty } == 10)
            #expect(stage.sink.statistics.connections >= 5)
        }
    }

    @Test func connectionIsGivenUpBeforeTheServerTires() async throws {
        try await WorkerStage.run {
            $0.configuration.lanes.connections = 1
            $0.configuration.lanes.refusalsPerConnection = 4
            $0.sink.rules = MailSinkRules([Self.rule(.rcpt, .reply(SMTPReply(code: 550, text: "5.1.1 No such user")))])
        } _: { stage in
            try await stage.submit((0..<20).map { Messages.message($0, to: ["bad@x.test"]) })
            try await stage.drained()
            #expect(try stage.events.count == 20)
            #expect(stage.sink.statistics.connections == 5)
        }
    }

    // MARK: - Bounds

    @Test func overflowOfALaneIsHeldNotDeferred() async throws {
        try await WorkerStage.run {
            $0.configuration.lanes.waiting = 5
            $0.configuration.lanes.connections = 1
            $0.sink.rules = MailSinkRules([Self.rule(.mail, .hang, first: 1)])
            $0.timeouts = SMTPTimeouts(all: .seconds(3))
        } _: { stage in
            try await stage.submit((1...20).map { Messages.message($0, to: ["a@x.test"]) })
            try await stage.drained()
            let held = try stage.waiting(.hold)
            #expect(!held.isEmpty && held.allSatisfy { $0.attempt == 0 && $0.hop == 1 })
            let events = try stage.events
            #expect(events.count + held.count == 20)
            #expect(events.count >= 5)
        }
    }

    @Test func byteBudgetPausesAndResumes() async throws {
        try await WorkerStage.run {
            $0.configuration.ledger.octets = 64 << 10
            $0.configuration.batches.maximumBatchRecords = 4
            $0.partitions = 1
        } _: { stage in
            let count = 200
            try await stage.submit((0..<count).map { Messages.message($0, to: ["a@x.test"]) })
            try await stage.drained()
            #expect(stage.sink.statistics.messages == count)
            let (pauses, resumes) = stage.bus.consumers.reduce((0, 0)) { sum, consumer in
                consumer.state.withLock { (sum.0 + $0.pauses, sum.1 + $0.resumes) }
            }
            #expect(pauses > 0 && pauses == resumes)
        }
    }

    // MARK: - Backends away

    @Test func markersThatAreAwayAreWaitedFor() async throws {
        try await WorkerStage.run { setup in
            setup.throttling.state.withLock { $0.failures = 2 }
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    @Test func noDotWithoutItsMarker() async throws {
        try await WorkerStage.run { setup in
            setup.throttling.state.withLock { $0.markDataFailures = 1 }
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 0)
            #expect(try stage.events.isEmpty)
            #expect(try stage.waiting(.hold).map(\.attempt) == [0])
            try await stage.putBack(.hold)
            try await stage.drained()
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    @Test func eventsAreKeptUntilTheBusTakesThem() async throws {
        try await WorkerStage.run { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            stage.bus.failNext(3)
            try await stage.drained()
            #expect(try stage.events.count == 1)
            #expect(stage.sink.statistics.messages == 1)
        }
    }

    // MARK: - Detaching

    @Test func slowSessionLetsItsPartitionGo() async throws {
        try await WorkerStage.run {
            $0.partitions = 1
            $0.configuration.ledger.patience = .milliseconds(500)
            $0.configuration.turnPatience = .milliseconds(100)
            var slow = Self.rule(.dot, .none, recipient: "slow*", first: 1)
            slow.delay = .seconds(4)
            $0.sink.rules = MailSinkRules([slow])
        } _: { stage in
            try await stage.submit([Messages.message(1, to: ["slow@x.test"]), Messages.message(2, to: ["a@x.test"])])
            try await stage.drained()
            // Committed, with a guard copy in its place.
            let guards = try stage.waiting(.hold)
            #expect(guards.map(\.recipients) == [["slow@x.test"]] && guards[0].attempt == 0)
            #expect(stage.sink.messages.map(\.recipients) == [["a@x.test"]])
            // Too early: the session is still under way.
            try await stage.putBack(.hold)
            try await stage.drained()
            #expect(try stage.waiting(.hold).count == 2)
            await stage.sink.waitForMessages(2)
            try await stage.bus.wait { _ in stage.throttling.state.withLock { $0.calls.count { $0 == "finish" } == 2 } }
            // The session writes its outcome to the marker only; the guard tells the world.
            let before = try stage.events.count
            #expect(before == 1)
            // Until the session has let go of the message, copies of it are held.
            while try !stage.events.map(\.delivery.recipients).contains(["slow@x.test"]) {
                try Task.checkCancellation()
                var last = try #require(try stage.waiting(.hold).last)
                last.notBeforeMs = 0
                try await stage.submit(last)
                try await stage.drained()
            }
            #expect(try stage.events.count == 2)
            #expect(stage.sink.statistics.messages == 2)
        }
    }

    /// One session that takes its time does not stop a partition that may have few records uncommitted.
    @Test func slowHeadOfAFullTrackerStopsNobody() async throws {
        try await WorkerStage.run {
            $0.partitions = 1
            $0.configuration.ledger.pendingPerPartition = 40
            $0.configuration.ledger.shortPatience = .milliseconds(100)
            $0.configuration.batches.maximumBatchRecords = 10
            var slow = Self.rule(.dot, .none, recipient: "slow*", first: 1)
            slow.delay = .seconds(8)
            $0.sink.rules = MailSinkRules([slow])
        } _: { stage in
            try await stage.submit([Messages.message(0, to: ["slow@x.test"])])
            await stage.sink.wait { $0.rules["rule"] == 1 }
            try await stage.submit((1...200).map { Messages.message($0, to: ["a@x.test"]) })
            try await stage.drained()
            // All of them, and the slow one is still at its final dot.
            #expect(stage.sink.messages.count == 200)
            #expect(try stage.waiting(.hold).map(\.recipients) == [["slow@x.test"]])
        }
    }

    /// What a lane gives back after its record was detached is not written twice: the guard copy speaks for it.
    @Test func detachedRecordThatNeverStartedIsLeftToItsGuard() async throws {
        try await WorkerStage.run {
            $0.partitions = 1
            $0.configuration.ledger.patience = .milliseconds(200)
            $0.configuration.lanes.connections = 1
            $0.configuration.lanes.patience = .seconds(3)
            var slow = Self.rule(.dot, .none, recipient: "slow*", first: 1)
            slow.delay = .seconds(6)
            $0.sink.rules = MailSinkRules([slow])
        } _: { stage in
            try await stage.submit(Messages.message(0, to: ["slow@x.test"]))
            await stage.sink.wait { $0.rules["rule"] == 1 }
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            try await stage.drained()
            #expect(try Set(stage.waiting(.hold).map(\.recipients)) == [["slow@x.test"], ["a@x.test"]])
            // Its lane has no turn for it: it leaves its claim, and no second copy.
            try await stage.bus.wait { _ in stage.throttling.state.withLock { $0.calls.contains("release") } }
            #expect(try stage.waiting(.hold).count == 2)
            await stage.sink.waitForMessages(1)
            var copy = try #require(try stage.waiting(.hold).first { $0.recipients == ["a@x.test"] })
            copy.notBeforeMs = 0
            try await stage.submit(copy)
            try await stage.bus.wait { _ in (try? stage.events.map(\.delivery.recipients).contains(["a@x.test"])) ?? false }
            #expect(stage.sink.messages.map(\.recipients) == [["slow@x.test"], ["a@x.test"]])
        }
    }

    // MARK: - Stopping

    @Test func stopDoesNotWaitForServersThatSayNothing() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        try await WorkerStage.run {
            $0.timeouts = SMTPTimeouts(all: .seconds(600))
            $0.sink.rules = MailSinkRules([Self.rule(.connect, .hang)])
            $0.expectsNoConnection = false
        } _: { stage in
            try await stage.submit(Messages.message(1, to: ["a@x.test"]))
            await stage.sink.wait { $0.openConnections == 1 }
        }
        #expect(clock.now - start < .seconds(60))
    }

    @Test func stopBreaksOffWhatDoesNotEndInTime() async throws {
        try await WorkerStage.run {
            $0.configuration.drainDeadline = .milliseconds(300)
            $0.timeouts = SMTPTimeouts(all: .seconds(600))
            $0.sink.rules = MailSinkRules([Self.rule(.mail, .hang, recipient: nil, first: 1)])
            $0.sink.idleTimeout = .seconds(2)
            $0.configuration.lanes.connections = 1
        } _: { stage in
            try await stage.submit([Messages.message(1, to: ["a@x.test"]), Messages.message(2, to: ["b@x.test"])])
            await stage.sink.wait { $0.openConnections == 1 && $0.rules["rule"] == 1 }
            stage.worker.stop()
            try await stage.bus.wait { $0.consumers.isEmpty }
            // Nothing was committed, nothing is claimed: whoever reads next begins anew.
            #expect(stage.bus.lag(WorkerStage.topic, group: WorkerStage.group) == 2)
            #expect(try stage.events.isEmpty)
            stage.throttling.state.withLock { state in
                #expect(state.markers.values.allSatisfy { $0.phase == .released })
            }
        }
    }

    @Test func gracefulStopLosesAndDoublesNothing() async throws {
        var delay = Self.rule(.dot, .none)
        delay.delay = .milliseconds(20)
        var sink = try MailSinkConfiguration.loopback()
        sink.rules = MailSinkRules([delay])
        sink.countsCopies = true
        let configuration = sink
        // Several workers after each other on one bus and one sink, each stopped in the middle.
        let bus = MemoryBus()
        let throttling = MemoryThrottling()
        try await RelayStage.run(bus: bus, throttling: throttling, sink: configuration, messages: 1000, workers: 3)
    }
}

/// A value that closures share.
final class Box<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}
