package import ApusCore
internal import ApusSchema
package import Backends
internal import CoreMetrics
package import DNSResolver
package import Logging
package import MailAuthentication
package import NIOCore
internal import ServiceLifecycle

/// Delivers mail: reads outbound topics, and takes each record to its outcome.
///
/// A record's life is one task and plain sequence (`DeliveryWorker+Message.swift`); lanes are confined to event loops; signing has its own
/// threads. Records complete in any order and are committed in theirs. Nothing is kept here that is not on the bus or in a marker.
///
/// ```
/// consumer ─▶ ledger ─▶ claim ─▶ body ─▶ sign ─▶ lane ─▶ session ─▶ marker ─▶ events, retry ─▶ complete ─▶ commit
/// ```
///
/// A graceful stop takes no more, gives back what has not begun, waits for sessions until the drain deadline, writes what is known, commits
/// and leaves the group.
package final class DeliveryWorker: Service {
    package let id: WorkerID
    let configuration: DeliveryConfiguration
    let bus: any MessageBus
    let throttling: any DeliveryMarking & WorkerRegistry & RateLimiting
    let bodies: any BodyStore
    let signingPool: DKIMSigningPool
    let clock: any DeliveryClock
    let logger: Logger
    let accountLimit: @Sendable (AccountID) -> RateLimit?
    let sourcePool: @Sendable (AccountID, String) -> SourcePool?

    let sites: SiteDirectory
    let signers: SignerCache
    let dialer: Dialer
    let lanes: LaneRegistry
    let writer: RecordWriter
    let state: WorkerState
    let consumers = WorkerConsumers()
    let flow: PartitionFlow
    let events: EventFactory
    let records: OutcomeRecords
    let metrics = WorkerMetrics()

    private let stopSignals: AsyncStream<Void>
    private let stopSignal: AsyncStream<Void>.Continuation
    private let arrivals: AsyncStream<(BusRecord, PartitionLedger.Ticket)>
    private let arrival: AsyncStream<(BusRecord, PartitionLedger.Ticket)>.Continuation

    /// - Parameters:
    ///   - id: this life of this worker.
    ///   - configuration: how it works.
    ///   - bus: where records come from and go to.
    ///   - throttling: markers, heartbeats, rates.
    ///   - bodies: large bodies.
    ///   - resolver: MX and addresses.
    ///   - opener: opens SMTP sessions; ``SMTPSessionOpener`` outside tests.
    ///   - routes: asked before DNS.
    ///   - signers: the DKIM signers of a domain, the one most receivers know first; none for mail that is not signed. Kept for half a minute.
    ///   - signingPool: started by its owner, who closes it after the worker.
    ///   - accountLimit: recipients a second of an account; nil for no pacing.
    ///   - sourcePool: the addresses of an account's pool by its name; nil for one that is not there. Pools without addresses, and mail without
    ///     a pool, leave from the host's own.
    ///   - eventLoopGroup: for lanes.
    package init(
        id: WorkerID,
        configuration: DeliveryConfiguration,
        bus: any MessageBus,
        throttling: any DeliveryMarking & WorkerRegistry & RateLimiting,
        bodies: any BodyStore,
        resolver: any DNSResolving,
        opener: any MailSessionOpening,
        routes: RouteTable,
        signers: @escaping SignerCache.Source,
        signingPool: DKIMSigningPool,
        accountLimit: @escaping @Sendable (AccountID) -> RateLimit? = { _ in nil },
        sourcePool: @escaping @Sendable (AccountID, String) -> SourcePool? = { _, _ in nil },
        eventLoopGroup: any EventLoopGroup,
        clock: any DeliveryClock = SystemDeliveryClock(),
        logger: Logger
    ) {
        self.id = id
        self.configuration = configuration
        self.bus = bus
        self.throttling = throttling
        self.bodies = bodies
        self.signingPool = signingPool
        self.accountLimit = accountLimit
        self.sourcePool = sourcePool
        self.clock = clock
        self.logger = logger
        self.sites = SiteDirectory(routes: routes, resolver: resolver, port: configuration.port, clock: clock)
        self.signers = SignerCache(source: signers, clock: clock)
        self.dialer = Dialer(resolver: resolver, opener: opener, configuration: configuration.dialer)
        let state = WorkerState(limits: configuration.ledger, commitCompletions: configuration.commitCompletions)
        self.state = state
        self.lanes = LaneRegistry(
            group: eventLoopGroup, limits: configuration.lanes, bounds: configuration.laneBounds, dialer: self.dialer, clock: clock,
            noteSource: { source, isUsable in
                state.sources { isUsable ? $0.usable(source) : $0.unusable(source, now: clock.now()) }
            })
        self.writer = RecordWriter(bus: bus, clock: clock)
        self.flow = PartitionFlow(state: self.state, consumers: self.consumers)
        self.events = EventFactory(reportingMTA: configuration.helloName, defaultLifetime: configuration.defaultLifetime)
        self.records = OutcomeRecords(ladder: configuration.ladder)
        (self.stopSignals, self.stopSignal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (self.arrivals, self.arrival) = AsyncStream.makeStream()
    }

    /// Runs until a graceful shutdown or cancellation. May be called once.
    ///
    /// - Throws: when the worker cannot be registered or cannot join its groups.
    package func run() async throws {
        // Claims of a worker that nobody has heard of count as a dead one's.
        try await self.throttling.heartbeat(self.id, summary: [])
        try await self.subscribe()
        self.logger.info("delivery worker started", metadata: ["worker": "\(self.id)"])
        await withGracefulShutdownHandler {
            await self.work()
        } onGracefulShutdown: {
            self.stopSignal.yield()
        }
        await self.commit()
        await self.closeConsumers()
        try? await self.throttling.leave(self.id)
        self.logger.info("delivery worker stopped", metadata: ["worker": "\(self.id)"])
    }

    /// A consumer for each topic there is; none stays open when one cannot be had.
    private func subscribe() async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for topic in self.configuration.topics() { group.addTask { try await self.subscribe(to: topic) } }
                try await group.waitForAll()
            }
        } catch {
            await self.closeConsumers()
            throw error
        }
    }

    private func subscribe(to topic: String) async throws {
        let rebalance = WorkerRebalance(state: self.state, clock: self.clock, deadline: self.configuration.revokeDeadline)
        let consumer = try await self.bus.subscribe(
            group: Topics.group(of: topic), topics: [topic], configuration: self.configuration.batches, rebalance: rebalance)
        rebalance.bind(consumer)
        self.consumers.insert(consumer, of: topic)
        // What is full already is full for a new topic too.
        self.state.ledger { $0.begin(topic: topic) }
        await self.flow.apply()
    }

    private func closeConsumers() async {
        await withDiscardingTaskGroup { group in
            for consumer in self.consumers.all { group.addTask { await consumer.close() } }
        }
    }

    /// Stops the worker as a graceful shutdown does.
    package func stop() {
        self.stopSignal.yield()
    }

    private func work() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.writer.run() }
            group.addTask { await self.dialer.run() }
            group.addTask { await self.takeIn() }
            group.addTask { await self.commitLoop() }
            group.addTask { await self.heartbeatLoop() }
            group.addTask { await self.watchLoop() }
            await withDiscardingTaskGroup { deliveries in
                for await (record, ticket) in self.arrivals {
                    deliveries.addTask { await self.deliver(record, ticket) }
                }
            }
            // Everything has its outcome, or was given back.
            self.lanes.close()
            self.dialer.finish()
            self.writer.finish()
            group.cancelAll()
        }
    }

    /// Reads until the worker is to stop, and then sees that it comes to an end.
    private func takeIn() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.readTopics() }
            // Ends at a stop signal, and at cancellation.
            for await _ in self.stopSignals { break }
            self.state.stop()
            group.cancelAll()
        }
        self.arrival.finish()
        self.lanes.stop()
        do {
            try await self.clock.sleep(for: self.configuration.drainDeadline)
            self.lanes.close()
            // What is known by now still has to be written.
            try await self.clock.sleep(for: Self.writingGrace)
        } catch {
            // All is drained, or the process cannot wait.
            self.lanes.close()
        }
        self.state.abandon()
        self.writer.abandon()
    }

    /// Reads the topics there are, and those that come. One that goes is read on: something may have been on its way to it.
    private func readTopics() async {
        await withDiscardingTaskGroup { group in
            var known: Set<String> = []
            while !Task.isCancelled {
                for topic in self.consumers.topics.union(self.configuration.topics()) where known.insert(topic).inserted {
                    group.addTask { await self.read(topic) }
                }
                do { try await self.clock.sleep(for: .seconds(1)) } catch { return }
            }
        }
    }

    private func read(_ topic: String) async {
        var pause = Duration.milliseconds(100)
        while true {
            if let consumer = self.consumers[topic] { return await self.read(consumer) }
            do {
                try await self.subscribe(to: topic)
                self.logger.info("delivery worker reads one more topic", metadata: ["topic": "\(topic)"])
            } catch {
                if Task.isCancelled || (error as? BusError)?.code == .closed { return }
                self.metrics.backendFailures.increment()
                self.logger.error("a topic cannot be read yet", metadata: ["topic": "\(topic)", "error": "\(error)"])
                do { try await self.clock.sleep(for: pause) } catch { return }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    private func read(_ consumer: any BusConsumer) async {
        var pause = Duration.milliseconds(100)
        while !self.state.isStopping {
            do {
                guard let batch = try await consumer.nextBatch() else { return }
                pause = .milliseconds(100)
                let now = self.clock.now()
                self.metrics.read.increment(by: batch.count)
                for var record in batch {
                    let octets = record.value.readableBytes * Self.copies + Self.overhead
                    guard let ticket = self.state.ledger({ $0.receive(record.position, octets: octets, now: now) }) else { continue }
                    // A slice would keep all that was read with it in memory for as long as its slowest session takes.
                    record.value = ByteBuffer(bytes: record.value.readableBytesView)
                    self.arrival.yield((record, ticket))
                }
                await self.flow.apply()
            } catch {
                if (error as? BusError)?.code == .closed { return }
                self.metrics.backendFailures.increment()
                self.logger.error("the bus cannot be read", metadata: ["error": "\(error)"])
                try? await self.clock.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
                if Task.isCancelled { return }
            }
        }
    }

    /// What a record in flight costs besides its bytes.
    private static let overhead = 4096
    /// How often a record's bytes are in memory: as read, decoded, signed.
    private static let copies = 3
    /// How long outcomes may take to be written after the last session was closed.
    private static let writingGrace = Duration.seconds(3)

    // MARK: - Commits

    private func commitLoop() async {
        while !Task.isCancelled {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await self.clock.sleep(for: self.configuration.commitInterval) }
                group.addTask { await self.state.enoughCompleted() }
                await group.next()
                group.cancelAll()
            }
            await self.commit()
        }
    }

    private func commit() async {
        let commits = self.state.ledger { $0.takeCommits() }
        for (topic, entries) in Dictionary(grouping: commits, by: \.key.topic) {
            let offsets = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
            do {
                try await self.consumers[topic]?.commit(offsets)
            } catch {
                self.state.ledger { $0.restore(offsets) }
                self.metrics.backendFailures.increment()
                self.logger.warning("offsets could not be committed", metadata: ["topic": "\(topic)", "error": "\(error)"])
            }
        }
    }

    // MARK: - Looking after

    private func watchLoop() async {
        while !Task.isCancelled {
            do { try await self.clock.sleep(for: .seconds(1)) } catch { return }
            await self.lanes.tick()
            await self.detachLate()
            await self.flow.apply()
        }
    }

    /// Writes guard copies of records that keep their partitions from committing, and lets the partitions go on.
    private func detachLate() async {
        let now = self.clock.now()
        let tickets = self.state.ledger { $0.detaching(now: now) }
        guard !tickets.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            for ticket in tickets {
                group.addTask { self.state.detached(ticket, isGuarded: await self.guardCopy(of: ticket, now: now)) }
            }
        }
    }

    private func guardCopy(of ticket: PartitionLedger.Ticket, now: UnixMilliseconds) async -> Bool {
        guard let record = self.state.record(ticket) else { return false }
        do {
            let copy = try self.records.hold(
                of: record.message, recipients: record.message.recipients, notBefore: now + self.configuration.guardHold, now: now,
                resumeTopic: ticket.position.topicPartition.topic)
            try await self.writer.write([copy])
            self.metrics.heldAsGuard.increment()
            return true
        } catch {
            return false
        }
    }
}
