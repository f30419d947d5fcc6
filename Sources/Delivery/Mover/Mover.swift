internal import ApusCore
package import Backends
package import Logging
internal import ServiceLifecycle

/// Puts records of the retry and hold topics back to work when they are due. Runs on any ``MessageBus``.
///
/// Within one topic all records wait equally long, so a partition's head is the next one due: the mover sleeps until then, and puts back all
/// that is due in one call: produce, await, commit. A crash between the two makes a copy, which delivery markers drop. The bytes of a record
/// are not changed.
///
/// ```
/// apus.retry.5m    ──(5 minutes after the append)──▶  apus.outbound.…      its time has come
///                                                 └─▶  apus.retry.1m        it has not
/// ```
package final class Mover: Service {
    private let bus: any MessageBus
    private let configuration: MoverConfiguration
    private let clock: any DeliveryClock
    private let logger: Logger
    private let stopSignals: AsyncStream<Void>
    private let stopSignal: AsyncStream<Void>.Continuation

    package init(bus: any MessageBus, configuration: MoverConfiguration, clock: any DeliveryClock = SystemDeliveryClock(), logger: Logger) {
        self.bus = bus
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        (self.stopSignals, self.stopSignal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Runs until a graceful shutdown or cancellation. May be called once.
    ///
    /// - Throws: when a topic cannot be subscribed to.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            let ages = MoverAges()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for family in MoverDecision.Family.allCases {
                    for tier in self.configuration.tiers {
                        let topic = MoverTopic(
                            decision: MoverDecision(family: family, tier: tier, ladder: self.configuration.ladder), bus: self.bus,
                            configuration: self.configuration, ages: ages, clock: self.clock, logger: self.logger)
                        group.addTask { try await topic.run() }
                    }
                }
                group.addTask {
                    for await _ in self.stopSignals { break }
                }
                group.addTask {
                    var gauges = OldestMessages.Gauges(label: "apus_mover_oldest_seconds")
                    while !Task.isCancelled {
                        gauges.show(ages.all, now: self.clock.now())
                        try? await Task.sleep(for: .seconds(10))
                    }
                }
                // The first to end is the stop signal, or a topic that failed.
                do {
                    try await group.next()
                } catch {
                    group.cancelAll()
                    throw error
                }
                group.cancelAll()
                while let result = await group.nextResult() { _ = result }
            }
        } onGracefulShutdown: {
            self.stopSignal.yield()
        }
    }

    /// Stops the mover as a graceful shutdown does.
    package func stop() {
        self.stopSignal.yield()
    }
}
