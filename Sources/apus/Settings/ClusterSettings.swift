import ClusterBackends
import KafkaClient
import PostgresClient
import RedisClient

/// The engines of a cluster.
struct ClusterSettings: Sendable {
    var bus: KafkaMessageBus.Configuration
    /// Of each topic that is made.
    var partitions: Int
    /// Before the names of topics and groups; empty for none.
    var topicPrefix: String
    var redis: RedisConfiguration
    var postgres: PostgresConfiguration

    /// Reads the settings `kafka.…`, `redis.…` and `postgres.…`.
    ///
    /// - Returns: nil where none of the engines is named; what is missing or wrong is reported.
    init?(_ reader: inout SettingsReader) {
        let brokers = reader.list("kafka.brokers")
        let redis = reader.text("redis.url")
        let postgres = reader.text("postgres.url")
        guard !brokers.isEmpty || redis != nil || postgres != nil else { return nil }
        if brokers.isEmpty { reader.report("a cluster needs kafka.brokers too: HOST:PORT of brokers (--kafka)") }
        if redis == nil { reader.report("a cluster needs redis.url too: redis://HOST:PORT (--redis)") }
        if postgres == nil { reader.report("a cluster needs postgres.url too: postgresql://USER@HOST/DATABASE (--postgres)") }
        for broker in brokers where (Endpoint(broker)?.port ?? 0) == 0 {
            reader.report("kafka.brokers takes HOST:PORT, comma-separated, not \"\(broker)\"")
        }
        self.partitions = reader.integer("kafka.partitions") ?? 1
        self.topicPrefix = reader.text("kafka.topicPrefix") ?? ""
        // Kafka takes 249 characters, of which the longest topic of ours needs fewer than 100.
        let isName = self.topicPrefix.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        if !isName || self.topicPrefix.utf8.count > 100 {
            reader.report("kafka.topicPrefix takes up to 100 letters, digits, dots, _ and -, not \"\(self.topicPrefix)\"")
        }
        self.bus = Self.bus(&reader, brokers: brokers)
        if !brokers.isEmpty { self.bus.problems.forEach { reader.report("kafka: \($0)") } }
        let configuration = redis.map { RedisConfiguration(url: $0, authorities: reader.text("redis.authorities")) }
        if let configuration, configuration == nil {
            reader.report("redis.url takes redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE] or rediss://…; it is something else")
        }
        self.redis = (configuration ?? nil) ?? RedisConfiguration(host: "127.0.0.1")
        self.postgres = PostgresConfiguration(postgres ?? "")
    }

    private static func bus(_ reader: inout SettingsReader, brokers: [String]) -> KafkaMessageBus.Configuration {
        var kafka = KafkaConfiguration(bootstrapServers: brokers.joined(separator: ","))
        kafka.assignment = reader.choice("kafka.assignment").flatMap(KafkaConfiguration.Assignment.init) ?? .roundRobin
        kafka.staticMember = reader.text("kafka.staticMember")
        kafka.sessionTimeout = reader.duration("kafka.sessionTimeout") ?? kafka.sessionTimeout
        if reader.flag("kafka.tls.enabled") {
            kafka.security.tls = KafkaSecurity.TLS(
                authoritiesFile: reader.text("kafka.tls.authorities"), certificateFile: reader.text("kafka.tls.cert"),
                keyFile: reader.text("kafka.tls.key"))
        }
        if let mechanism = reader.choice("kafka.sasl.mechanism").flatMap(KafkaSecurity.SASL.Mechanism.init) {
            kafka.security.sasl = KafkaSecurity.SASL(
                mechanism: mechanism, username: reader.text("kafka.sasl.username") ?? "",
                password: KafkaSecret(reader.text("kafka.sasl.password") ?? ""))
        }
        for entry in reader.list("kafka.extra") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Not shown: a value may be a secret.
            guard parts.count == 2, !parts[0].isEmpty else {
                reader.report("kafka.extra takes NAME=VALUE, comma-separated; one of them has no name or no value")
                continue
            }
            kafka.extra[String(parts[0])] = KafkaSecret(String(parts[1]))
        }
        return KafkaMessageBus.Configuration(
            kafka: kafka, replicas: reader.integer("kafka.replicas") ?? 3,
            minimumInSyncReplicas: reader.integer("kafka.minimumInSyncReplicas") ?? 2,
            allowsUnsafeReplicas: reader.flag("kafka.allowUnsafeReplicas"))
    }
}
