import ApusCore
import ApusSchema
import Backends
import Delivery
import DNSResolver
import Logging
import MailAuthentication
import MailSink
import NIOCore
import NIOPosix
import SMTPProtocol
import Synchronization
import Testing

/// A worker between a bus in memory and a sink on loopback.
struct WorkerStage: Sendable {
    static let topic = Topics.outbound(queue: "default", class: .transactional)
    static let group = Topics.group(of: Self.topic)

    let bus: MemoryBus
    let throttling: MemoryThrottling
    let bodies: MemoryBodies
    let resolver: ScriptedResolver
    let sink: MailSink
    let worker: DeliveryWorker

    /// What a test may change before the worker starts.
    struct Setup {
        var configuration: DeliveryConfiguration
        var sink: MailSinkConfiguration
        var timeouts = SMTPTimeouts(all: .seconds(10))
        var signers: SignerCache.Source = { _, _ in [] }
        var throttling = MemoryThrottling()
        var bodies = MemoryBodies()
        var partitions = 2
        /// Whether the far side must see every connection closed. A server that never greets sees ours only when its own patience ends.
        var expectsNoConnection = true
        var routes: (Int) throws -> RouteTable = { port in try RouteTable([Route(parsing: "*=127.0.0.1:\(port)")]) }
        /// What opens sessions, made of the SMTP client.
        var opener: (any MailSessionOpening) -> any MailSessionOpening = { $0 }
        /// Mail exchangers listen at the sink's port, and may be on loopback.
        var usesExchangers = false
        var accountLimit: @Sendable (AccountID) -> RateLimit? = { _ in nil }

        var sourcePool: @Sendable (AccountID, String) -> SourcePool? = { _, _ in nil }

        init() throws {
            self.configuration = DeliveryConfiguration(queue: "default", class: .transactional, helloName: "mail.test")
            self.configuration.retry = RetryPlan(schedule: RetrySchedule(intervals: [.seconds(60)], jitter: 0))
            self.configuration.drainDeadline = .seconds(10)
            self.sink = try .loopback()
            self.sink.keptMessages = 10_000
            self.sink.loops = 1
        }
    }

    /// Runs a worker for the time of `body`, stops it gracefully, and checks that no connection stays open.
    static func run(
        _ change: (inout Setup) throws -> Void = { _ in }, _ body: @escaping @Sendable (WorkerStage) async throws -> Void
    ) async throws {
        var setup = try Setup()
        try change(&setup)
        let sink = try await MailSink.start(setup.sink)
        if setup.usesExchangers {
            setup.configuration.port = sink.addresses[0].port ?? 0
            setup.configuration.dialer.allowsLoopback = true
            setup.routes = { _ in RouteTable() }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let pool = DKIMSigningPool(configuration: .init(threadCount: 1))
        try pool.start()
        let bus = MemoryBus()
        let others = DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] } + [Topics.events, Topics.dead]
        try await bus.ensureTopics(
            setup.configuration.topics().sorted().map {
                TopicDefinition(name: $0, partitions: setup.partitions, retention: .untilConsumed(group: Topics.group(of: $0)))
            }
                + others.map { TopicDefinition(name: $0, partitions: 1, retention: .bounded(age: .seconds(1), bytes: 1)) })
        setup.throttling.observer.withLock { $0 = { bus.wake() } }
        let resolver = ScriptedResolver()
        let worker = DeliveryWorker(
            id: WorkerID("worker-1"), configuration: setup.configuration, bus: bus, throttling: setup.throttling, bodies: setup.bodies,
            resolver: resolver,
            opener: setup.opener(
                try SMTPSessionOpener(session: SMTPClientSession.Configuration(helloName: "mail.test"), timeouts: setup.timeouts)),
            routes: try setup.routes(sink.addresses[0].port ?? 0), signers: setup.signers, signingPool: pool, accountLimit: setup.accountLimit,
            sourcePool: setup.sourcePool, eventLoopGroup: group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let stage = WorkerStage(
            bus: bus, throttling: setup.throttling, bodies: setup.bodies, resolver: resolver, sink: sink, worker: worker)
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await worker.run() }
                defer { worker.stop() }
                try await body(stage)
            }
            if setup.expectsNoConnection { await sink.waitUntilIdle() }
        } catch {
            await sink.stop()
            await pool.close()
            try? await group.shutdownGracefully()
            throw error
        }
        if setup.expectsNoConnection { #expect(sink.statistics.openConnections == 0) }
        #expect(try await setup.throttling.summaries().isEmpty)
        await sink.stop()
        await pool.close()
        try await group.shutdownGracefully()
    }

    func submit(_ messages: [Apus_V1_OutboundMessage]) async throws {
        try await self.bus.produce(try messages.map { try Messages.record($0) })
    }

    func submit(_ message: Apus_V1_OutboundMessage) async throws {
        try await self.submit([message])
    }

    /// Waits until everything is committed.
    func drained() async throws {
        try await self.bus.wait { $0.lag(Self.topic, group: Self.group) == 0 }
    }

    var events: [Apus_V1_SendingEvent] {
        get throws { try self.bus.records(Topics.events).map { try RecordCoding.decode(Apus_V1_SendingEvent.self, from: $0.value) } }
    }

    /// Everything in the retry or hold topics.
    func waiting(_ family: MoverDecision.Family) throws -> [Apus_V1_OutboundMessage] {
        try DelayTier.allCases.flatMap { tier in
            try self.bus.records(family.topic(tier)).map { try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: $0.value) }
        }
    }

    /// Puts what waits in retry or hold topics back, as the mover would when its time has come.
    func putBack(_ family: MoverDecision.Family) async throws {
        for var message in try self.waiting(family) {
            message.notBeforeMs = 0
            try await self.submit(message)
        }
    }
}
