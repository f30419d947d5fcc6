import CRdKafka

/// librdkafka's own broker simulation, on loopback ports of this process, for contract and fault tests.
///
/// It keeps at most 5 MB per partition, forgets all with the process, and has no admin requests: topics are made by ``createTopic(_:partitions:)``.
/// The C interface is outside librdkafka's stability promise, so nothing but tests uses it.
package final class KafkaMockCluster: @unchecked Sendable {
    // @unchecked: librdkafka locks the cluster itself.
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    private let brokers: Int

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
        self.brokers = brokers
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

    /// A request that can be made to fail, by its number in Kafka's protocol.
    package enum Request: Int16, Sendable {
        case produce = 0
        case fetch = 1
        case offsetCommit = 8
        case offsetFetch = 9
        case joinGroup = 11
    }

    /// Answers the next requests with an error, one per element: a Kafka error number, or one of librdkafka's own, as
    /// ``transportError``.
    package func failNext(_ request: Request, with codes: [Int32]) {
        var errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
        rd_kafka_mock_push_request_errors_array(self.cluster, request.rawValue, errors.count, &errors)
    }

    /// Closes the connection instead of answering.
    package static let transportError = RD_KAFKA_RESP_ERR__TRANSPORT.rawValue
    /// Too few replicas have what they should: the client tries again.
    package static let notEnoughReplicas = RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS.rawValue
    /// Written, but to too few replicas: the client tries again.
    package static let notEnoughReplicasAfterAppend = RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND.rawValue
    /// The record is above what the broker takes.
    package static let recordTooLarge = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue
    /// The broker is not the group's coordinator any more.
    package static let notCoordinator = RD_KAFKA_RESP_ERR_NOT_COORDINATOR.rawValue

    /// This client may not join the group.
    package static let groupNotAllowed = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED.rawValue

    /// Takes a broker down, or up again. Counted from 1.
    package func setBroker(_ id: Int32, isUp: Bool) {
        _ = isUp ? rd_kafka_mock_broker_set_up(self.cluster, id) : rd_kafka_mock_broker_set_down(self.cluster, id)
    }

    /// Takes all brokers down, or up again.
    package func setBrokers(areUp: Bool) {
        for id in 1...self.brokers { self.setBroker(Int32(id), isUp: areUp) }
    }

    /// How much later every answer of a broker comes.
    package func setRoundTrip(of id: Int32, milliseconds: Int32) {
        _ = rd_kafka_mock_broker_set_rtt(self.cluster, id, milliseconds)
    }

    /// Makes a broker the leader of a partition.
    package func setLeader(of topic: String, partition: Int32, broker: Int32) {
        _ = rd_kafka_mock_partition_set_leader(self.cluster, topic, partition, broker)
    }
}
