import CRdKafka

/// librdkafka's own broker simulation, on loopback ports of this process, for contract and fault tests.
///
/// It keeps at most 5 MB per partition, forgets all with the process, and has no admin requests: topics are made by ``createTopic(_:partitions:)``.
/// The C interface is outside librdkafka's stability promise, so nothing but tests uses it.
package final class KafkaMockCluster: @unchecked Sendable {
    // @unchecked: librdkafka locks the cluster itself.
    private let client: OpaquePointer
    private let cluster: OpaquePointer

    /// `host:port` of its brokers, comma-separated.
    package let bootstrapServers: String

    /// Starts brokers.
    ///
    /// - Throws: ``KafkaError`` when they cannot listen.
    package init(brokers: Int = 1) throws {
        let conf = try KafkaConfiguration.make(["client.id": "mock", "log_level": "0"])
        var reason = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &reason, reason.count) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(configuration: "the mock cluster's client could not be made")
        }
        guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokers)), let bootstraps = rd_kafka_mock_cluster_bootstraps(cluster) else {
            rd_kafka_destroy(client)
            throw KafkaError(configuration: "the mock cluster could not listen on loopback")
        }
        self.client = client
        self.cluster = cluster
        self.bootstrapServers = String(cString: bootstraps)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(self.cluster)
        rd_kafka_destroy(self.client)
    }

    /// Makes a topic.
    package func createTopic(_ name: String, partitions: Int) throws {
        let code = rd_kafka_mock_topic_create(self.cluster, name, Int32(partitions), 1)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "make a mock topic") }
    }

    /// Answers the next produce requests with an error of the broker, one per element; each is a Kafka error number.
    package func failNextProduceRequests(with codes: [Int16]) {
        var errors = codes.map { rd_kafka_resp_err_t(rawValue: Int32($0)) }
        // 0 is the Produce request's API key.
        rd_kafka_mock_push_request_errors_array(self.cluster, 0, errors.count, &errors)
    }

    /// Takes a broker down, or up again.
    package func setBroker(_ id: Int32, isUp: Bool) {
        _ = isUp ? rd_kafka_mock_broker_set_up(self.cluster, id) : rd_kafka_mock_broker_set_down(self.cluster, id)
    }
}
