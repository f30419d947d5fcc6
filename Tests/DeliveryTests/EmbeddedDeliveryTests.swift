import ApusCore
import ApusSchema
import Backends
import Delivery
import EmbeddedBackends
import Foundation
import Logging
import MailAuthentication
import MailSink
import NIOCore
import NIOPosix
import SMTPProtocol
import Testing

/// Splitter, worker and mover on the embedded engines: submitted, delivered, deferred, moved back, delivered.
@Suite(.timeLimit(.minutes(2))) struct EmbeddedDeliveryTests {
    @Test func allTheWay() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-delivery-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder + "/throttling", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bus = try await SegmentMessageBus.open(folder: folder + "/bus")
        let throttling = try EmbeddedThrottling(folder: folder + "/throttling")
        let outbound = WorkerStage.topic
        let waiting = DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] }
        try await bus.ensureTopics(
            ([outbound, Topics.submitted] + waiting).map {
                TopicDefinition(name: $0, partitions: $0 == outbound ? 4 : 1, retention: .untilConsumed(group: Topics.group(of: $0)))
            }
                + [Topics.events, Topics.dead].map {
                    TopicDefinition(name: $0, partitions: 1, retention: .bounded(age: .seconds(3600), bytes: 1 << 30))
                })

        var configuration = try MailSinkConfiguration.loopback()
        configuration.countsCopies = true
        var greylist = MailSinkRule(name: "greylist", stage: .rcpt, action: .reply(SMTPReply(code: 451, text: "4.7.1 Greylisted")))
        greylist.recipient = "grey*"
        greylist.per = .recipient
        greylist.first = 1
        var unknown = MailSinkRule(name: "unknown", stage: .rcpt, action: .reply(SMTPReply(code: 550, text: "5.1.1 No such user")))
        unknown.recipient = "bad*"
        configuration.rules = MailSinkRules([greylist, unknown])
        let sink = try await MailSink.start(configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let pool = DKIMSigningPool(configuration: .init(threadCount: 1))
        try pool.start()
        let key = try DKIMKey.generateRSA(bits: 1024)

        var delivery = DeliveryConfiguration(queue: "default", class: .transactional, helloName: "mail.test")
        delivery.retry = RetryPlan(schedule: RetrySchedule(intervals: [.seconds(1)], jitter: 0.2))
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let worker = DeliveryWorker(
            id: WorkerID("worker"), configuration: delivery, bus: bus, throttling: throttling, bodies: MemoryBodies(),
            resolver: ScriptedResolver(),
            opener: try SMTPSessionOpener(
                session: SMTPClientSession.Configuration(helloName: "mail.test"), timeouts: SMTPTimeouts(all: .seconds(10))),
            routes: try RouteTable([Route(parsing: "*=127.0.0.1:\(sink.addresses[0].port ?? 0)")]),
            signers: { domain, _ in [try DKIMSigner(domain: domain, selector: "s", key: key)] }, signingPool: pool, eventLoopGroup: group,
            logger: log)
        let mover = Mover(bus: bus, configuration: MoverConfiguration(), logger: log)
        let splitter = Splitter(bus: bus, logger: log)

        let count = 300
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await worker.run() }
            tasks.addTask { try await mover.run() }
            tasks.addTask { try await splitter.run() }
            for number in 0..<count {
                var submitted = Apus_V1_SubmittedMessage()
                submitted.schema = 1
                submitted.message = Messages.message(number, to: [])
                submitted.message.signingDomain = "sender.test"
                let recipients = [
                    ["a\(number)@x.test", "b\(number)@x.test"], ["grey\(number)@y.test"], ["bad\(number)@z.test", "c\(number)@z.test"],
                ]
                submitted.parts = recipients.map { recipients in
                    var part = Apus_V1_SubmittedMessage.Part()
                    part.recipients = recipients
                    part.destination = String(recipients[0].split(separator: "@")[1])
                    return part
                }
                try await bus.produce([
                    OutgoingRecord(topic: Topics.submitted, key: Array(submitted.message.messageID.utf8), value: try RecordCoding.encode(submitted))
                ])
            }
            await sink.waitForMessages(count * 3)
            worker.stop()
            mover.stop()
            splitter.stop()
            try await tasks.waitForAll()
        }

        await sink.waitUntilIdle()
        #expect(sink.statistics.messages == count * 3)
        #expect(sink.statistics.recipients == count * 4)
        for topic in [outbound, Topics.submitted] + waiting {
            for position in try await bus.positions(topic: topic, group: Topics.group(of: topic)) {
                #expect(position.end == 0 || position.committed == position.end, "\(topic) \(position)")
            }
        }
        var events: [String: [Apus_V1_SendingEvent]] = [:]
        let reader = try await bus.read(topic: Topics.events, from: .earliest, follow: false)
        while let batch = try await reader.nextBatch() {
            for record in batch {
                let event = try RecordCoding.decode(Apus_V1_SendingEvent.self, from: record.value)
                events[event.messageID, default: []].append(event)
            }
        }
        await reader.close()
        #expect(events.count == count)
        for (_, all) in events {
            #expect(all.count == 5)
            #expect(Set(all.map(\.eventID)).count == 5)
            #expect(all.reduce(0) { $0 + $1.delivery.recipients.count } == 4)
            #expect(all.reduce(0) { $0 + $1.bounce.recipients.count } == 1)
            #expect(all.flatMap(\.deliveryDelay.recipients).map(\.diagnosticCode) == ["smtp; 451 4.7.1 Greylisted"])
        }
        #expect(try await bus.positions(topic: Topics.dead, group: nil).allSatisfy { $0.end == 0 })
        await bus.close()
        await throttling.close()
        await sink.stop()
        await pool.close()
        try await group.shutdownGracefully()
    }
}
