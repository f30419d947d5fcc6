import Backends
import KafkaClient
import Synchronization

/// A ``BusReader`` on Kafka.
final class KafkaBusReader: BusReader {
    private let consumer: KafkaConsumer
    /// Per partition the offset before which there is something to read; nil to follow for ever.
    private let open: Mutex<[KafkaPartition: Int64]?>

    init(_ consumer: KafkaConsumer, starts: [KafkaPartition: Int64], ends: [KafkaPartition: Int64]?) {
        self.consumer = consumer
        self.open = Mutex(ends.map { $0.filter { starts[$0.key, default: 0] < $0.value } })
    }

    func nextBatch() async throws -> [BusRecord]? {
        while true {
            if self.open.withLock({ $0?.isEmpty ?? false }) { return nil }
            let records: [KafkaRecord]?
            do {
                records = try await self.consumer.nextBatch()
            } catch let error as KafkaError {
                throw BusError(error)
            }
            guard let records else { return nil }
            let wanted = self.open.withLock { open in
                guard var ends = open else { return records }
                let wanted = records.filter { record in
                    let partition = KafkaPartition(topic: record.topic, partition: record.partition)
                    guard let end = ends[partition] else { return false }
                    if record.offset + 1 >= end { ends[partition] = nil }
                    return record.offset < end
                }
                open = ends
                return wanted
            }
            if !wanted.isEmpty { return wanted.map(BusRecord.init) }
        }
    }

    func close() async {
        await self.consumer.close()
    }
}
