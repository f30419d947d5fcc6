import ApusCore
import CRdKafka

/// Questions to the brokers and changes to topics: rare, blocking in librdkafka, so each runs on a thread of its own.
package struct KafkaCluster: Sendable {
    /// What the brokers say of a topic.
    package struct Topic: Hashable, Sendable {
        package var partitions: Int
        /// The smallest number of replicas among its partitions.
        package var replicas: Int
        /// Whether every partition has a leader, so that it can be written and read.
        package var isReady: Bool

        package init(partitions: Int, replicas: Int, isReady: Bool) {
            self.partitions = partitions
            self.replicas = replicas
            self.isReady = isReady
        }
    }

    let configuration: KafkaConfiguration
    var timeout: Int32 { Int32(clamping: self.configuration.requestTimeout.milliseconds) }

    package init(_ configuration: KafkaConfiguration) {
        self.configuration = configuration
    }

    /// The topics there are.
    package func topics() async throws -> [String: Topic] {
        try await self.withHandle(group: nil) { handle in
            var metadata: UnsafePointer<rd_kafka_metadata>?
            let code = rd_kafka_metadata(handle, 1, nil, &metadata, self.timeout)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(code, doing: "ask for the topics") }
            defer { rd_kafka_metadata_destroy(metadata) }
            var topics: [String: Topic] = [:]
            for index in 0..<Int(metadata.pointee.topic_cnt) {
                let topic = metadata.pointee.topics[index]
                guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
                let partitions = (0..<Int(topic.partition_cnt)).map { topic.partitions[$0] }
                topics[String(cString: topic.topic)] = Topic(
                    partitions: partitions.count, replicas: partitions.map { Int($0.replica_cnt) }.min() ?? 0,
                    isReady: !partitions.isEmpty && partitions.allSatisfy { $0.leader >= 0 })
            }
            return topics
        }
    }

    /// The oldest offset and the one after the newest, per partition.
    package func watermarks(topic: String, partitions: Int) async throws -> [ClosedRange<Int64>] {
        try await self.withHandle(group: nil) { handle in
            try (0..<partitions).map { partition in
                var low: Int64 = 0
                var high: Int64 = 0
                let code = rd_kafka_query_watermark_offsets(handle, topic, Int32(partition), &low, &high, self.timeout)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "ask how far \(topic) reaches") }
                return low...max(low, high)
            }
        }
    }

    /// A group's committed offsets per partition; nil where it has none.
    package func committed(group: String, topic: String, partitions: Int) async throws -> [Int64?] {
        try await self.withHandle(group: group) { handle in
            let list = KafkaPartitionList((0..<partitions).map { KafkaPartition(topic: topic, partition: Int32($0)) })
            let code = rd_kafka_committed(handle, list.pointer, self.timeout)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, !KafkaPartitionList.hasError(list.pointer) else {
                throw KafkaError(code == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__FAIL : code, doing: "ask for the group's offsets")
            }
            let offsets = KafkaPartitionList.read(list.pointer)
            return (0..<partitions).map { index in
                offsets[KafkaPartition(topic: topic, partition: Int32(index))].flatMap { $0 >= 0 ? $0 : nil }
            }
        }
    }

    /// Runs `body` with a client of the library, on a thread of its own.
    func withHandle<Value: Sendable>(
        group: String?, _ body: @escaping @Sendable (OpaquePointer) throws -> Value
    ) async throws -> Value {
        let configuration = self.configuration
        return try await withCheckedThrowingContinuation { continuation in
            let isStarted = OwnedThread.start {
                continuation.resume(
                    with: Result {
                        let properties = configuration.questionProperties(group: group ?? "\(configuration.clientID)-admin")
                        let conf = try KafkaConfiguration.make(properties)
                        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR)
                        let handle = try KafkaConfiguration.client(RD_KAFKA_CONSUMER, conf)
                        // RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE: it is no member of the group.
                        defer { rd_kafka_destroy_flags(handle, 0x8) }
                        do {
                            return try body(handle)
                        } catch let error as KafkaError where error.isUnanswered {
                            throw error.adding(Self.troubles(of: handle))
                        }
                    })
            }
            if !isStarted { continuation.resume(throwing: KafkaError(configuration: "the system gives no thread for a Kafka request")) }
        }
    }

    /// What the library has met on its way to the brokers: that a password is wrong, or a certificate, is only said there.
    private static func troubles(of handle: OpaquePointer) -> String? {
        let queue = rd_kafka_queue_get_main(handle)
        defer { rd_kafka_queue_destroy(queue) }
        var reason: String?
        while let event = rd_kafka_queue_poll(queue, 0) {
            // The first is nearest to the cause; that all brokers are down follows from it.
            if reason == nil, rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR {
                reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
            }
            rd_kafka_event_destroy(event)
        }
        return reason
    }
}
