import CRdKafka
import NIOCore

/// One producer of the library, with its queue and topic names. A fatal error ends it, and another takes its place.
final class ProducerLink: @unchecked Sendable {
    // @unchecked: the handles may be used from any thread; the dictionary is used under its owner's lock.

    /// rd_kafka's constants of casts and shifts, which are not imported.
    private static let copyPayload: Int32 = 0x2
    private static let unassigned: Int32 = -1

    let client: OpaquePointer
    let queue: OpaquePointer
    private var topics: [String: OpaquePointer] = [:]

    /// Makes a producer; brokers are connected to in the background.
    init(_ configuration: KafkaConfiguration) throws(KafkaError) {
        let conf = try KafkaConfiguration.make(configuration.producerProperties)
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS)
        let client = try KafkaConfiguration.client(RD_KAFKA_PRODUCER, conf)
        guard let queue = rd_kafka_queue_get_main(client) else {
            rd_kafka_destroy(client)
            throw KafkaError(configuration: "the Kafka producer has no queue")
        }
        self.client = client
        self.queue = queue
    }

    /// Gives all back. Every record must have been reported.
    func destroy() {
        for topic in self.topics.values { rd_kafka_topic_destroy(topic) }
        rd_kafka_queue_destroy(self.queue)
        rd_kafka_destroy(self.client)
    }

    /// Hands a record to the library; does not wait.
    ///
    /// - Returns: nil when its report will come; else why not, and none will come.
    func send(_ slot: ProduceSlot) -> KafkaError? {
        let message = slot.message
        var topic = self.topics[message.topic]
        if topic == nil {
            topic = rd_kafka_topic_new(self.client, message.topic, nil)
            guard topic != nil else { return KafkaError(rd_kafka_last_error(), doing: "name the topic \(message.topic)") }
            self.topics[message.topic] = topic
        }
        let opaque = Unmanaged.passRetained(slot)
        let status = message.value.withUnsafeReadableBytes { value in
            message.key.withUnsafeBytes { key in
                rd_kafka_produce(
                    topic, message.partition ?? Self.unassigned, Self.copyPayload, UnsafeMutableRawPointer(mutating: value.baseAddress),
                    value.count, key.isEmpty ? nil : key.baseAddress, key.count, opaque.toOpaque())
            }
        }
        guard status != 0 else { return nil }
        let code = rd_kafka_last_error()
        opaque.release()
        return KafkaError(code, doing: "produce to \(message.topic)", isFatal: code == RD_KAFKA_RESP_ERR__FATAL)
    }

    /// Whether an error has ended it.
    var isFatal: Bool {
        var reason = [CChar](repeating: 0, count: 16)
        return rd_kafka_fatal_error(self.client, &reason, reason.count) != RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// Gives up every record that is not reported yet: their reports come as failures.
    func purge() {
        // RD_KAFKA_PURGE_F_QUEUE and RD_KAFKA_PURGE_F_INFLIGHT.
        rd_kafka_purge(self.client, 0x1 | 0x2)
    }
}
