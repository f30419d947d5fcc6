import Backends
import KafkaClient

/// A consumer in a group, with who is told of its partitions.
struct KafkaMember: Sendable {
    let consumer: KafkaConsumer
    let listener: any BusRebalanceListener

    /// Tells the listener of every change, until the consumer is closed.
    func serve() async {
        await self.consumer.serveRebalances { change in
            switch change {
            case .assigned(let offsets):
                await self.listener.partitionsAssigned(Dictionary(uniqueKeysWithValues: offsets.map { (TopicPartition($0.key), $0.value) }))
            case .revoking(let partitions):
                await self.listener.partitionsRevoking(partitions.map { TopicPartition($0) })
            }
        }
    }
}
