import ApusCore
import ApusSchema
import Backends
import ClusterBackends
import Delivery
import KafkaClient
import Logging
import NIOCore
import Testing

/// The mover as it is, on a Kafka bus: it knows nothing of the engine under it.
@Suite(.timeLimit(.minutes(2))) struct MoverOnKafkaTests {
    @Test func recordsHopAndComeBackWhenTheirTimeHasCome() async throws {
        let cluster = try KafkaMockCluster()
        let bus = try KafkaMessageBus(
            KafkaMessageBus.Configuration(
                kafka: KafkaConfiguration(bootstrapServers: cluster.bootstrapServers, produceTimeout: .seconds(30), sessionTimeout: .seconds(6)),
                replicas: 1, minimumInSyncReplicas: 1, allowsUnsafeReplicas: true, trimInterval: nil),
            createTopic: { topic in try cluster.createTopic(topic.name, partitions: topic.partitions) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let serving = Task { await bus.run() }
        let tiers: [DelayTier] = [.fifteenSeconds, .oneMinute]
        let topics = tiers.flatMap { [Topics.retry($0), Topics.hold($0)] } + ["resume", Topics.dead]
        try await bus.ensureTopics(topics.map { TopicDefinition(name: $0, partitions: 2, retention: .untilConsumed(group: Topics.group(of: $0))) })
        var configuration = MoverConfiguration(delays: [.fifteenSeconds: .milliseconds(200), .oneMinute: .seconds(1)])
        configuration.tiers = tiers
        let mover = Mover(bus: bus, configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let moving = Task { try await mover.run() }

        let now = SystemClock.now()
        var sent: [OutgoingRecord] = []
        for number in 0..<20 {
            var message = Messages.message(number, to: ["a@d\(number % 3).test"], now: now)
            message.resumeTopic = "resume"
            // Longer than the tier that it is put on: it has to hop.
            message.notBeforeMs = (now + .milliseconds(1500)).rawValue
            let topic = number % 2 == 0 ? Topics.retry(.oneMinute) : Topics.hold(.fifteenSeconds)
            sent.append(OutgoingRecord(topic: topic, key: Array("default/d\(number % 3).test".utf8), value: try RecordCoding.encode(message)))
        }
        sent.append(OutgoingRecord(topic: Topics.retry(.oneMinute), key: [1], value: ByteBuffer(bytes: [0xff])))
        _ = try await bus.produce(sent)
        let reader = try await bus.read(topic: "resume", from: .earliest, follow: true)
        var back: [BusRecord] = []
        while back.count < 20, let batch = try await reader.nextBatch() { back += batch }
        #expect(SystemClock.now() >= now + .milliseconds(1500))
        let values = Set(sent.dropLast().map { Array($0.value.readableBytesView) })
        #expect(Set(back.map { Array($0.value.readableBytesView) }) == values)
        // On the outbound topic the destination alone is the key.
        #expect(Set(back.map { String(decoding: $0.key, as: UTF8.self) }) == ["d0.test", "d1.test", "d2.test"])
        let dead = try await bus.read(topic: Topics.dead, from: .earliest, follow: true)
        #expect(try await dead.nextBatch()?.count == 1)
        await reader.close()
        await dead.close()
        mover.stop()
        try await moving.value
        await bus.close()
        await serving.value
    }
}
