import CRdKafka
import Synchronization

extension KafkaProducer {
    /// Makes the client believe that it had a fatal error, as a broker that forgot our sequence numbers would.
    package func failFatally() {
        self.state.withLock { state in
            guard let client = state.link?.client else { return }
            rd_kafka_test_fatal_error(client, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test")
        }
    }
}
