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

    init(_ code: rd_kafka_resp_err_t, message: String) {
        self.code = code.rawValue
        self.message = message
        self.isFatal = false
    }

    init(configuration message: String) {
        self.init(RD_KAFKA_RESP_ERR__INVALID_ARG, message: message)
    }

    package var description: String { self.message }

    /// With a further reason.
    func adding(_ reason: String?) -> KafkaError {
        guard let reason else { return self }
        return KafkaError(rd_kafka_resp_err_t(rawValue: self.code), message: "\(self.message) (\(reason))")
    }

    /// The topic or partition does not exist.
    package var isUnknownTopic: Bool {
        self.isOne(of: [RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION])
    }

    /// The record is above what the client or the broker takes.
    package var isTooLarge: Bool { self.isOne(of: [RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]) }

    /// The topic exists already.
    package var isTopicExists: Bool { self.isOne(of: [RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS]) }

    /// The partition belongs to another member, or its assignment is being changed.
    package var isNotOwner: Bool {
        self.isOne(of: [
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
        ])
    }

    /// The handle was closed.
    package var isClosed: Bool { self.isOne(of: [RD_KAFKA_RESP_ERR__DESTROY]) }

    /// Where a group stands in a partition is not known, or is not in its log any more.
    package var isOffsetLost: Bool { self.isOne(of: [RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR__NO_OFFSET]) }

    /// The brokers, or this librdkafka, do not know this kind of request.
    package var isUnsupported: Bool {
        self.isOne(of: [
            RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
        ])
    }

    /// Nobody answered in time, or nobody was there.
    package var isUnanswered: Bool {
        self.isOne(of: [
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__TRANSPORT,
            RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
        ])
    }

    private func isOne(of codes: [rd_kafka_resp_err_t]) -> Bool {
        codes.contains { $0.rawValue == self.code }
    }

    static let closed = KafkaError(RD_KAFKA_RESP_ERR__DESTROY, message: "the Kafka client was closed")
}
