package import Backends
import KafkaClient
import Logging

/// Brokers keep everything that is not consumed; what is consumed is deleted by us.
extension KafkaMessageBus {
    /// Deletes the records below the committed offsets of every topic that is kept until it is consumed.
    ///
    /// Any number of processes may do it at the same time.
    ///
    /// - Parameter done: up to where each partition was deleted before; brought up to date.
    /// - Throws: ``BusError``; with a cause that is ``KafkaError/isUnsupported`` where brokers cannot.
    package func trimConsumed(_ done: inout [TopicPartition: Int64]) async throws {
        for topic in self.knownTopics {
            guard case .untilConsumed(let group) = topic.retention else { continue }
            let known = done
            let trimmed = try await BusError.translating {
                let committed = try await self.cluster.committed(group: group, topic: topic.name, partitions: topic.partitions)
                var offsets: [KafkaPartition: Int64] = [:]
                for (index, offset) in committed.enumerated() {
                    let partition = TopicPartition(topic: topic.name, partition: index)
                    if let offset, offset > known[partition] ?? 0 { offsets[KafkaPartition(partition)] = offset }
                }
                try await self.cluster.deleteRecords(below: offsets)
                return offsets
            }
            for (partition, offset) in trimmed { done[TopicPartition(partition)] = offset }
        }
    }

    func trim(every interval: Duration) async {
        var done: [TopicPartition: Int64] = [:]
        var hasFailed = false
        while true {
            do {
                try await Task.sleep(for: interval)
                try await self.trimConsumed(&done)
                hasFailed = false
            } catch is CancellationError {
                return
            } catch {
                if ((error as? BusError)?.cause as? KafkaError)?.isUnsupported == true {
                    self.logger.warning("these brokers cannot delete records: what was consumed is kept", metadata: ["error": "\(error)"])
                    return
                }
                // Once, until it works again: brokers that are away are told of by others as well.
                self.logger.log(
                    level: hasFailed ? .debug : .warning, "consumed records could not be deleted: disks of the brokers fill",
                    metadata: ["error": "\(error)"])
                hasFailed = true
            }
        }
    }
}
