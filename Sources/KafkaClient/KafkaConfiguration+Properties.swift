import ApusCore
import CRdKafka

extension KafkaConfiguration {
    private var common: [String: String] {
        var properties = self.security.properties
        properties["bootstrap.servers"] = self.bootstrapServers
        properties["client.id"] = self.clientID
        properties["statistics.interval.ms"] = "\(self.statisticsInterval.milliseconds)"
        properties["socket.keepalive.enable"] = "true"
        return properties
    }

    /// Idempotent and acknowledged by every in-sync replica: correctness rests on it.
    var producerProperties: [String: String] {
        var properties = self.common
        properties["enable.idempotence"] = "true"
        properties["acks"] = "all"
        properties["compression.type"] = self.compression.rawValue
        properties["linger.ms"] = "\(self.linger.milliseconds)"
        properties["message.timeout.ms"] = "\(self.produceTimeout.milliseconds)"
        properties["message.max.bytes"] = "\(self.maximumRecordBytes + Self.recordOverhead)"
        // Our own permits are the back-pressure; the library's queue only has to be larger.
        properties["queue.buffering.max.messages"] = "\(min(self.maximumOutstandingRecords * 2, 10_000_000))"
        properties["queue.buffering.max.kbytes"] = "\(min(self.maximumOutstandingBytes / 512 + 1024, 2_147_483_647))"
        return properties.merging(self.extra.mapValues(\.value)) { _, given in given }
    }

    /// Explicit commits, reading from where we say.
    ///
    /// - Parameter mayStartAnew: whether a position that the log does not hold any more becomes the oldest; else it is an error.
    func consumerProperties(group: String, mayStartAnew: Bool) -> [String: String] {
        var properties = self.common
        properties["group.id"] = group
        properties["group.instance.id"] = self.staticMember
        properties["enable.auto.commit"] = "false"
        properties["enable.auto.offset.store"] = "false"
        properties["auto.offset.reset"] = mayStartAnew ? "earliest" : "error"
        properties["partition.assignment.strategy"] = self.assignment.rawValue
        properties["session.timeout.ms"] = "\(self.sessionTimeout.milliseconds)"
        properties["heartbeat.interval.ms"] = "\(max(self.sessionTimeout.milliseconds / 10, 100))"
        properties["max.poll.interval.ms"] = "\(self.maximumPollInterval.milliseconds)"
        properties["fetch.wait.max.ms"] = "\(self.fetchWait.milliseconds)"
        properties["fetch.message.max.bytes"] = "\(max(self.maximumRecordBytes + Self.recordOverhead, 1 << 20))"
        properties["queued.max.messages.kbytes"] = "\(min(self.consumerQueueBytes / 1024, 2_097_151))"
        properties["allow.auto.create.topics"] = "false"
        return properties.merging(self.extra.mapValues(\.value)) { _, given in given }
    }

    /// For questions about a group, asked without being a member of it.
    func questionProperties(group: String) -> [String: String] {
        var properties = self.consumerProperties(group: group, mayStartAnew: true)
        // A static name belongs to the member.
        properties["group.instance.id"] = nil
        properties["statistics.interval.ms"] = "0"
        return properties
    }

    /// What a record's frame adds at most to its key and value.
    static let recordOverhead = 1024

    /// Makes a librdkafka configuration of properties; the caller hands it to `rd_kafka_new` or destroys it.
    static func make(_ properties: [String: String]) throws(KafkaError) -> OpaquePointer {
        guard let conf = rd_kafka_conf_new() else { throw KafkaError(configuration: "no memory for a Kafka configuration") }
        // Its own log would go to standard error, past ours. What matters in it comes as errors.
        // Who asks the library for what it does (`debug`) gets its lines on standard error.
        if properties["debug"] == nil { rd_kafka_conf_set_log_cb(conf, nil) }
        var reason = [CChar](repeating: 0, count: 512)
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            guard rd_kafka_conf_set(conf, name, value, &reason, reason.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(conf)
                // The reason may quote the value, which may be a password: the name is enough to find it.
                throw KafkaError(configuration: "the Kafka property \(name) does not exist in this librdkafka or does not take the value given")
            }
        }
        return conf
    }

    /// Makes a client; the configuration goes with it.
    static func client(_ kind: rd_kafka_type_t, _ conf: OpaquePointer) throws(KafkaError) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 512)
        if let client = rd_kafka_new(kind, conf, &reason, reason.count) { return client }
        rd_kafka_conf_destroy(conf)
        // What it says names properties and files, never values that are secret.
        let said = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw KafkaError(configuration: "the Kafka client could not be made: \(said)")
    }
}
