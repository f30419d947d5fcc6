/// One record on its way. librdkafka carries a pointer to it with the record, so a report finds its call without a look-up.
///
/// Retained when the record is handed to the library, released by its report, exactly once.
final class ProduceSlot: Sendable {
    let batch: ProduceBatch
    let index: Int
    /// What it counts against the bound.
    let bytes: Int
    /// Rises with the order of the calls: records that are sent again keep it.
    let sequence: UInt64

    init(batch: ProduceBatch, index: Int, bytes: Int, sequence: UInt64) {
        self.batch = batch
        self.index = index
        self.bytes = bytes
        self.sequence = sequence
    }

    var message: KafkaMessage { self.batch.messages[self.index] }

    func report(_ result: Result<KafkaPosition, KafkaError>) {
        self.batch.report(self.index, result)
    }
}
