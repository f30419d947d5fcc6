import ApusCore
import Backends
import ClusterBackends
import ControlPlane
import Foundation
import Logging
import KafkaClient
import NIOCore
import NIOPosix
import PostgresClient
import RedisClient
import ServiceLifecycle

/// The parts of an installation on Kafka, Redis and PostgreSQL.
enum ClusterParts {
    /// Runs the bus's own work until the group stops; the bus is closed then, after all who use it.
    private struct BusUpkeep: Service {
        let bus: KafkaMessageBus

        func run() async throws {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.bus.run() }
                group.addTask {
                    // Cancelled when the bus was closed by somebody else.
                    do { try await gracefulShutdown() } catch { return }
                    await self.bus.close()
                }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// What a cluster has beyond ``ServiceParts``.
    struct Engines: Sendable {
        let bus: KafkaMessageBus
        let throttling: RedisThrottling
    }

    /// Connects to the engines for the time of `body`, and lets go of them in any case.
    ///
    /// - Parameters:
    ///   - settings: the settings in force.
    ///   - cluster: its engines.
    ///   - body: what is done with the parts.
    static func withParts<Value: Sendable>(
        settings: Settings, cluster: ClusterSettings, logger: Logger = Logger(label: "apus"),
        _ body: (ServiceParts, Engines) async throws -> Value
    ) async throws -> Value {
        guard let ring = try self.masterKeys(settings) else {
            throw SettingsError(problems: [
                "a cluster needs security.masterKeyFile or security.masterKey, the same in all its processes: "
                    + "`head -c 32 /dev/urandom | base64` makes one"
            ])
        }
        let redisLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Value, any Error>
        do {
            let redis = try RedisClient(cluster.redis, on: redisLoops.next())
            result = await self.withRedis(redis, ring: ring, settings: settings, cluster: cluster, logger: logger, body)
            await redis.close()
        } catch {
            result = .failure(error)
        }
        try await redisLoops.shutdownGracefully()
        return try result.get()
    }

    private static func withRedis<Value: Sendable>(
        _ redis: RedisClient, ring: MasterKeyRing, settings: Settings, cluster: ClusterSettings, logger: Logger,
        _ body: (ServiceParts, Engines) async throws -> Value
    ) async -> Result<Value, any Error> {
        let result: Result<Value, any Error>
        do {
            let store = try await PostgresStateStore.open(PostgresStateStore.Configuration(postgres: cluster.postgres))
            do {
                let bodies = try await PostgresBodyStore.open(PostgresBodyStore.Configuration(postgres: cluster.postgres))
                let kafka = try KafkaMessageBus(cluster.bus, logger: logger)
                let throttling = RedisThrottling(redis)
                let controlPlane = ControlPlane(
                    store: store, sealer: SecretSealer(ring: ring), configuration: ControlPlane.Configuration(settings), logger: logger)
                let topics = ServiceTopics(
                    partitions: cluster.partitions, eventsAge: settings.eventsAge, eventsBytes: settings.eventsBytes, publishesEvents: true)
                do {
                    try await controlPlane.load()
                    let queues = controlPlane.queues
                    let definitions = topics.definitions(queues: queues)
                    let bus: any MessageBus =
                        cluster.topicPrefix.isEmpty ? kafka : PrefixedBus(kafka, prefix: cluster.topicPrefix, topics: definitions.map(\.name))
                    try await bus.ensureTopics(definitions)
                    let parts = ServiceParts(
                        bus: bus, throttling: throttling, bodies: bodies, controlPlane: controlPlane, topics: topics,
                        queues: QueueTopics(bus: bus, topics: topics, controlPlane: controlPlane, prepared: queues, logger: logger),
                        upkeep: [
                            BusUpkeep(bus: kafka),
                            EngineMetrics(bus: kafka, redis: redis, postgres: [("state", { store.status }), ("bodies", { bodies.status })]),
                        ],
                        isReady: {
                            // Asking the brokers costs a connection each time; their statistics, which are seconds old, cost nothing.
                            if let statistics = kafka.snapshot.producer, statistics.brokersUp == 0 { return false }
                            return (try? await throttling.epoch()) ?? nil != nil
                        })
                    result = .success(try await body(parts, Engines(bus: kafka, throttling: throttling)))
                } catch {
                    result = .failure(error)
                }
                await kafka.close()
                await bodies.close()
            } catch {
                result = .failure(error)
            }
            await store.close()
        } catch {
            result = .failure(error)
        }
        return result
    }

    private static func masterKeys(_ settings: Settings) throws -> MasterKeyRing? {
        if let text = settings.masterKey { return try MasterKeyRing(text: text, source: "security.masterKey") }
        return try settings.masterKeyFile.map { try MasterKeyRing(file: $0) }
    }
}
