import ClusterBackends
import CoreMetrics
import KafkaClient
import Metrics
import PostgresClient
import RedisClient
import ServiceLifecycle

/// Shows how the clients of a cluster's engines do.
struct EngineMetrics: Service {
    let bus: KafkaMessageBus
    let redis: RedisClient
    /// What each client of PostgreSQL is for, and how it does.
    let postgres: [(name: String, status: @Sendable () -> PostgresStatus)]
    /// librdkafka counts anew every few seconds.
    var interval: Duration = .seconds(5)

    /// A counter of what something else counts, whose sum may shrink when a part of it ends.
    private struct Following {
        let counter: Counter
        private var last: Int64 = 0

        init(_ label: String, _ dimensions: [(String, String)] = []) { self.counter = Counter(label: label, dimensions: dimensions) }

        mutating func follow(_ value: Int64) {
            if value > self.last { self.counter.increment(by: value - self.last) }
            self.last = value
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        let unacknowledged = Gauge(label: "apus_kafka_unacknowledged_records")
        let unacknowledgedBytes = Gauge(label: "apus_kafka_unacknowledged_bytes")
        let brokersUp = Gauge(label: "apus_kafka_brokers_up")
        let roundTrip = Gauge(label: "apus_kafka_round_trip_seconds")
        let assigned = Gauge(label: "apus_kafka_assigned_partitions")
        var rebuilds = Following("apus_kafka_producer_rebuilds_total")
        var errors = Following("apus_kafka_request_errors_total")
        var timeouts = Following("apus_kafka_request_timeouts_total")
        var rebalances = Following("apus_kafka_rebalances_total")
        let redisConnections = Gauge(label: "apus_redis_connections_up")
        let redisCommands = Gauge(label: "apus_redis_commands_waiting")
        var redisConnects = Following("apus_redis_connects_total")
        var postgresConnects = self.postgres.map { Following("apus_postgres_connects_total", [("client", $0.name)]) }
        var postgresFailures = self.postgres.map { Following("apus_postgres_connect_failures_total", [("client", $0.name)]) }
        while !Task.isCancelled {
            let kafka = self.bus.snapshot
            let clients = kafka.consumers + (kafka.producer.map { [$0] } ?? [])
            unacknowledged.record(kafka.outstandingRecords)
            unacknowledgedBytes.record(kafka.outstandingBytes)
            if let producer = kafka.producer { brokersUp.record(producer.brokersUp) }
            roundTrip.record(Double(clients.map(\.roundTripMicroseconds).max() ?? 0) / 1e6)
            assigned.record(kafka.consumers.reduce(0) { $0 + $1.assignedPartitions })
            rebuilds.follow(Int64(kafka.producerRebuilds))
            errors.follow(clients.reduce(0) { $0 + $1.requestErrors })
            timeouts.follow(clients.reduce(0) { $0 + $1.requestTimeouts })
            rebalances.follow(kafka.consumers.reduce(0) { $0 + $1.rebalances })
            let redis = await self.redis.status()
            redisConnections.record(redis.connectionsUp)
            redisCommands.record(redis.commands)
            redisConnects.follow(Int64(redis.connectionsMade))
            for (index, client) in self.postgres.enumerated() {
                let status = client.status()
                Gauge(label: "apus_postgres_connections", dimensions: [("client", client.name)]).record(status.connections)
                Gauge(label: "apus_postgres_calls_waiting", dimensions: [("client", client.name)]).record(status.waitingCalls)
                postgresConnects[index].follow(Int64(status.connectsMade))
                postgresFailures[index].follow(Int64(status.connectsFailed))
            }
            do { try await Task.sleep(for: self.interval) } catch { return }
        }
    }
}
