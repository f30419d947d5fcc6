import ApusCore
import CRdKafka
import Synchronization

/// Questions to the brokers and changes to topics: rare, blocking in librdkafka, so each runs on a thread of its own.
package struct KafkaCluster: Sendable {
    /// What the brokers say of a topic.
    package struct Topic: Hashable, Sendable {
        package var partitions: Int
        /// The smallest number of replicas among its partitions.
        package var replicas: Int
    }

    private let configuration: KafkaConfiguration
    private let timeout: Int32 = 10_000

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
                let count = Int(topic.partition_cnt)
                let replicas = (0..<count).map { Int(topic.partitions[$0].replica_cnt) }.min() ?? 0
                topics[String(cString: topic.topic)] = Topic(partitions: count, replicas: replicas)
            }
            return topics
        }
    }

    /// Makes a topic.
    ///
    /// - Throws: ``KafkaError``; ``KafkaError/isTopicExists`` when somebody was quicker.
    package func createTopic(_ name: String, partitions: Int, replicas: Int, properties: [String: String]) async throws {
        try await self.withHandle(group: nil) { handle in
            var reason = [CChar](repeating: 0, count: 512)
            var topic = rd_kafka_NewTopic_new(name, Int32(partitions), Int32(replicas), &reason, reason.count)
            guard let made = topic else { throw KafkaError(configuration: "the topic \(name) cannot be made with \(partitions) partitions") }
            defer { rd_kafka_NewTopic_destroy(made) }
            for (property, value) in properties { rd_kafka_NewTopic_set_config(made, property, value) }
            let queue = rd_kafka_queue_new(handle)
            defer { rd_kafka_queue_destroy(queue) }
            let options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS)
            defer { rd_kafka_AdminOptions_destroy(options) }
            rd_kafka_AdminOptions_set_request_timeout(options, self.timeout, &reason, reason.count)
            rd_kafka_CreateTopics(handle, &topic, 1, options, queue)
            guard let event = rd_kafka_queue_poll(queue, self.timeout * 2) else {
                throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, doing: "make the topic \(name)")
            }
            defer { rd_kafka_event_destroy(event) }
            guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(rd_kafka_event_error(event), doing: "make the topic \(name)")
            }
            var count = 0
            guard let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count), count == 1 else { return }
            let code = rd_kafka_topic_result_error(results[0])
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "make the topic \(name)") }
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
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "ask for the group's offsets") }
            let offsets = KafkaPartitionList.read(list.pointer)
            return (0..<partitions).map { index in
                offsets[KafkaPartition(topic: topic, partition: Int32(index))].flatMap { $0 >= 0 ? $0 : nil }
            }
        }
    }

    private func withHandle<Value: Sendable>(
        group: String?, _ body: @escaping @Sendable (OpaquePointer) throws -> Value
    ) async throws -> Value {
        let configuration = self.configuration
        return try await withCheckedThrowingContinuation { continuation in
            let isStarted = OwnedThread.start {
                continuation.resume(
                    with: Result {
                        let conf = try KafkaConfiguration.make(configuration.consumer(group: group ?? "\(configuration.clientID)-admin"))
                        var reason = [CChar](repeating: 0, count: 512)
                        guard let handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, &reason, reason.count) else {
                            rd_kafka_conf_destroy(conf)
                            throw KafkaError(configuration: "the Kafka client could not be made: its properties do not fit together")
                        }
                        defer { rd_kafka_destroy(handle) }
                        return try body(handle)
                    })
            }
            if !isStarted { continuation.resume(throwing: KafkaError(configuration: "the system gives no thread for a Kafka request")) }
        }
    }
}
