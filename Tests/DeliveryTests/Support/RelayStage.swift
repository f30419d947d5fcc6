import ApusCore
import ApusSchema
import Backends
import Delivery
import Logging
import MailAuthentication
import MailSink
import NIOCore
import NIOPosix
import SMTPProtocol
import Testing

/// Workers that come and go over one bus: each is stopped in the middle of its work, the last one finishes.
enum RelayStage {
    static func run(
        bus: MemoryBus, throttling: MemoryThrottling, sink configuration: MailSinkConfiguration, messages count: Int, workers: Int
    ) async throws {
        let sink = try await MailSink.start(configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let pool = DKIMSigningPool(configuration: .init(threadCount: 1))
        try pool.start()
        let others = DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] } + [Topics.events, Topics.dead]
        try await bus.ensureTopics(
            [TopicDefinition(name: WorkerStage.topic, partitions: 4, retention: .untilConsumed(group: WorkerStage.group))]
                + others.map { TopicDefinition(name: $0, partitions: 1, retention: .bounded(age: .seconds(1), bytes: 1)) })
        try await bus.produce(try (0..<count).map { try Messages.record(Messages.message($0, to: ["a@d\($0 % 7).test"])) })
        for number in 1...workers {
            var delivery = DeliveryConfiguration(queue: "default", class: .transactional, helloName: "mail.test")
            delivery.lanes.connections = 5
            let worker = DeliveryWorker(
                id: WorkerID("worker-\(number)"), configuration: delivery, bus: bus, throttling: throttling, bodies: MemoryBodies(),
                resolver: ScriptedResolver(),
                opener: try SMTPSessionOpener(
                    session: SMTPClientSession.Configuration(helloName: "mail.test"), timeouts: SMTPTimeouts(all: .seconds(10))),
                routes: try RouteTable([Route(parsing: "*=127.0.0.1:\(sink.addresses[0].port ?? 0)")]), signers: { _, _ in [] },
                signingPool: pool, eventLoopGroup: group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await worker.run() }
                if number < workers {
                    await sink.waitForMessages(count / workers * number)
                } else {
                    try await bus.wait { $0.lag(WorkerStage.topic, group: WorkerStage.group) == 0 }
                }
                worker.stop()
                try await tasks.waitForAll()
            }
            await sink.waitUntilIdle()
            if number < workers {
                #expect(bus.lag(WorkerStage.topic, group: WorkerStage.group) > 0, "the worker was stopped too late to show anything")
            }
        }
        let statistics = sink.statistics
        #expect(statistics.distinctIDs == count)
        #expect(statistics.duplicateMessages == 0)
        let events = try bus.records(Topics.events).map { try RecordCoding.decode(Apus_V1_SendingEvent.self, from: $0.value) }
        #expect(Set(events.map(\.messageID)).count == count)
        #expect(Set(events.map(\.eventID)).count == count)
        #expect(bus.records(Topics.dead).isEmpty)
        #expect(DelayTier.allCases.allSatisfy { bus.records(Topics.hold($0)).isEmpty && bus.records(Topics.retry($0)).isEmpty })
        await sink.stop()
        await pool.close()
        try await group.shutdownGracefully()
    }
}
