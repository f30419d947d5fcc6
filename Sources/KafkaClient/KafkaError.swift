import CRdKafka

/// What librdkafka, or a broker through it, could not do.
package struct KafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// librdkafka's error number (`rd_kafka_resp_err_t`): negative for its own errors, positive for the broker's.
    package let code: Int32
    /// What was being done, and librdkafka's words for the error; never record contents.
    package let message: String
    /// Whether the handle can do no more and has to be replaced.
    package let isFatal: Bool

    init(_ code: rd_kafka_resp_err_t, doing action: String, isFatal: Bool = false) {
        self.code = code.rawValue
        self.message = "\(action): \(String(cString: rd_kafka_err2str(code)))"
        self.isFatal = isFatal
    }

    init(configuration message: String) {
        self.code = RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue
        self.message = message
        self.isFatal = false
    }

    package var description: String { self.message }

    /// The topic or partition does not exist.
    package var isUnknownTopic: Bool {
        [RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION]
            .contains { $0.rawValue == self.code }
    }

    /// The record is above what the client or the broker takes.
    package var isTooLarge: Bool { self.code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue }

    /// The topic exists already.
    package var isTopicExists: Bool { self.code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }

    /// The partition belongs to another member, or its assignment is being changed.
    package var isNotOwner: Bool {
        [
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        ].contains { $0.rawValue == self.code }
    }

    /// The handle was closed.
    package var isClosed: Bool { self.code == RD_KAFKA_RESP_ERR__DESTROY.rawValue }

    static let closed = KafkaError(RD_KAFKA_RESP_ERR__DESTROY, doing: "the Kafka client was closed")
}
