import ApusCore
import CRdKafka

/// How to reach the brokers, and how long to wait for them.
package struct KafkaConfiguration: Hashable, Sendable {
    /// `host:port`, comma-separated.
    package var bootstrapServers: String
    /// The name shown by brokers.
    package var clientID: String
    /// How long a record may wait for its acknowledgement before produce fails.
    package var produceTimeout: Duration
    /// How long a silent member of a group is taken for alive.
    package var sessionTimeout: Duration
    /// How long a batch of records is gathered before it is sent.
    package var linger: Duration
    /// The largest record, in bytes.
    package var maximumRecordBytes: Int
    /// Further librdkafka properties, by their names; they go before everything above.
    package var extra: [String: String]

    package init(
        bootstrapServers: String, clientID: String = "apus", produceTimeout: Duration = .seconds(60),
        sessionTimeout: Duration = .seconds(45), linger: Duration = .milliseconds(5), maximumRecordBytes: Int = 1_000_000,
        extra: [String: String] = [:]
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.produceTimeout = produceTimeout
        self.sessionTimeout = sessionTimeout
        self.linger = linger
        self.maximumRecordBytes = maximumRecordBytes
        self.extra = extra
    }

    private var common: [String: String] {
        ["bootstrap.servers": self.bootstrapServers, "client.id": self.clientID, "log_level": "3"]
    }

    /// Idempotent and acknowledged by every in-sync replica: correctness rests on it.
    var producer: [String: String] {
        var properties = self.common
        properties["enable.idempotence"] = "true"
        properties["acks"] = "all"
        properties["compression.type"] = "lz4"
        properties["linger.ms"] = "\(self.linger.milliseconds)"
        properties["message.timeout.ms"] = "\(self.produceTimeout.milliseconds)"
        properties["message.max.bytes"] = "\(self.maximumRecordBytes + 1024)"
        // Our own permits are the back-pressure; librdkafka's queue only has to be larger.
        properties["queue.buffering.max.messages"] = "\(KafkaProducer.maximumOutstanding * 2)"
        properties["queue.buffering.max.kbytes"] = "1048576"
        return properties.merging(self.extra) { _, given in given }
    }

    /// Explicit commits, from the oldest record where a group has none, eager hand-over.
    func consumer(group: String) -> [String: String] {
        var properties = self.common
        properties["group.id"] = group
        properties["enable.auto.commit"] = "false"
        properties["enable.auto.offset.store"] = "false"
        properties["auto.offset.reset"] = "earliest"
        properties["partition.assignment.strategy"] = "roundrobin"
        properties["session.timeout.ms"] = "\(self.sessionTimeout.milliseconds)"
        properties["heartbeat.interval.ms"] = "\(max(self.sessionTimeout.milliseconds / 10, 100))"
        properties["fetch.wait.max.ms"] = "10"
        properties["fetch.message.max.bytes"] = "\(max(self.maximumRecordBytes + 1024, 1 << 20))"
        properties["queued.max.messages.kbytes"] = "16384"
        properties["allow.auto.create.topics"] = "false"
        return properties.merging(self.extra) { _, given in given }
    }

    /// Makes a librdkafka configuration of properties; the caller hands it to `rd_kafka_new` or destroys it.
    static func make(_ properties: [String: String]) throws(KafkaError) -> OpaquePointer {
        guard let conf = rd_kafka_conf_new() else { throw KafkaError(configuration: "no memory for a Kafka configuration") }
        var reason = [CChar](repeating: 0, count: 512)
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            guard rd_kafka_conf_set(conf, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(conf)
                // The reason may quote the value, which may be a password: the name is enough to find it.
                throw KafkaError(configuration: "the Kafka property \(name) does not exist or does not take the value given")
            }
        }
        return conf
    }
}
