import Backends
import ChildProcesses
import ClusterBackends
import KafkaClient
import LoadTesting
import NIOCore
import NIOSSL
import TestSupport
import Testing

/// What only a broker in a process of its own can show: being stopped, being killed, administrative requests.
@Suite(
    .serialized, .timeLimit(.minutes(3)),
    .enabled(if: BrokerNeeds.missing == nil, Comment(rawValue: BrokerNeeds.missing ?? "")))
struct KafkaBrokerTests {
    private func topic(_ name: String, partitions: Int = 2) -> TopicDefinition {
        TopicDefinition(name: name, partitions: partitions, retention: .untilConsumed(group: "\(name)-worker"))
    }

    private func subscribe(_ bus: KafkaMessageBus, _ name: String) async throws -> any BusConsumer {
        try await bus.subscribe(
            group: "\(name)-worker", topics: [name], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
    }

    @Test func topicsAreMadeCheckedAndRefused() async throws {
        let kafka = try await TestKafka.start()
        let name = TestKafka.uniqueName("apus-test")
        let log = RecordingLog.Lines()
        let bus = try KafkaMessageBus.serving(kafka.bootstrapServers, log: log)
        try await bus.ensureTopics([self.topic(name)])
        try await bus.ensureTopics([self.topic(name)])
        let refused = await #expect(throws: BusError.self) { try await bus.ensureTopics([self.topic(name, partitions: 5)]) }
        #expect(refused?.code == .topicMismatch)
        #expect(refused?.message.contains("kafka-topics.sh") == true && refused?.message.contains(name) == true)
        // A topic that somebody else made, with settings that lose mail.
        let other = TestKafka.uniqueName("apus-test")
        let cluster = KafkaCluster(KafkaConfiguration(bootstrapServers: kafka.bootstrapServers))
        try await cluster.createTopic(other, partitions: 2, replicas: 1, properties: ["retention.ms": "1000"])
        let wrong = await #expect(throws: BusError.self) { try await bus.ensureTopics([self.topic(other)]) }
        #expect(wrong?.message.contains("retention.ms=1000") == true)
        await bus.close()
        // Without the option, one replica is not enough.
        let strict = try KafkaMessageBus.serving(kafka.bootstrapServers) {
            $0.replicas = 3
            $0.minimumInSyncReplicas = 2
            $0.allowsUnsafeReplicas = false
        }
        let unsafe = await #expect(throws: BusError.self) { try await strict.ensureTopics([self.topic(name)]) }
        #expect(unsafe?.message.contains("replicas") == true)
        await strict.close()
        await kafka.stop()
    }

    /// Members share a backlog; one dies without a word, the other gets everything that was not committed.
    @Test func aMemberThatDiesIsReplaced() async throws {
        let kafka = try await TestKafka.start()
        let name = TestKafka.uniqueName("apus-test")
        let first = try KafkaMessageBus.serving(kafka.bootstrapServers)
        let second = try KafkaMessageBus.serving(kafka.bootstrapServers)
        try await first.ensureTopics([self.topic(name)])
        try await second.ensureTopics([self.topic(name)])
        let dying = try await self.subscribe(first, name)
        let living = try await self.subscribe(second, name)
        _ = try await second.produce((0..<200).map { Records.outgoing("\($0)", topic: name, partition: $0 % 2) })
        _ = try await dying.nextBatch()
        await first.dieUnnoticed()
        var seen: Set<String> = []
        while seen.count < 200, let batch = try await living.nextBatch() { seen.formUnion(batch.map { String(buffer: $0.value) }) }
        #expect(seen.count == 200)
        await second.close()
        await kafka.stop()
    }

    /// Connections that stay open and say nothing: producing waits, consuming waits, and both go on.
    @Test(.enabled(if: TestKafka.outside == nil, "the cluster is somebody else's"))
    func aBrokerThatStopsAndGoesOnCostsTimeOnly() async throws {
        let kafka = try await TestKafka.start()
        let broker = try #require(kafka.broker)
        let bus = try KafkaMessageBus.serving(kafka.bootstrapServers)
        try await bus.ensureTopics([self.topic("mail")])
        let consumer = try await self.subscribe(bus, "mail")
        _ = try await bus.produce([Records.outgoing("before", topic: "mail", partition: 0)])
        broker.pause()
        async let positions = bus.produce((0..<100).map { Records.outgoing("\($0)", topic: "mail", partition: $0 % 2) })
        while bus.snapshot.outstandingRecords < 100 { try await Task.sleep(for: .milliseconds(2)) }
        try await Task.sleep(for: .seconds(2))
        broker.resume()
        #expect(try await positions.count == 100)
        var seen: Set<String> = []
        while seen.count < 101, let batch = try await consumer.nextBatch() { seen.formUnion(batch.map { String(buffer: $0.value) }) }
        await bus.close()
        await kafka.stop()
    }

    /// A killed broker takes its memory along; what is asked here is that the bus says so, closes in time, and serves the next one.
    @Test(.enabled(if: TestKafka.outside == nil, "the cluster is somebody else's"))
    func aKilledBrokerIsSaidAndItsSuccessorServed() async throws {
        let kafka = try await TestKafka.start()
        let broker = try #require(kafka.broker)
        let bus = try KafkaMessageBus.serving(kafka.bootstrapServers) { $0.kafka.produceTimeout = .seconds(2) }
        try await bus.ensureTopics([self.topic("mail")])
        _ = try await bus.produce([Records.outgoing("before", topic: "mail", partition: 0)])
        try await broker.kill()
        let error = await #expect(throws: BusError.self) { try await bus.produce([Records.outgoing("lost", topic: "mail", partition: 0)]) }
        #expect(error?.code == .unavailable)
        try await broker.restart()
        try await bus.ensureTopics([self.topic("mail")])
        #expect(try await bus.produce([Records.outgoing("after", topic: "mail", partition: 0)]).count == 1)
        try await broker.kill()
        await bus.close()
        await kafka.stop()
    }

    /// TLS, as a proxy before the broker ends it: what goes through arrives, and a certificate of somebody else is refused with the reason.
    @Test(.enabled(if: TestKafka.outside == nil, "the cluster is somebody else's"))
    func mailTravelsOverTLS() async throws {
        let folder = try ScratchFolder()
        let certificate = try await ServerCertificate.make(in: folder)
        let stranger = try await ServerCertificate.make(in: folder, name: "stranger")
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.file).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.keyFile, format: .pem))))
        let port = try FreePort.find()
        let broker = try await KafkaBroker.start(advertisedPort: port)
        let proxy = try await FaultyProxy.start(to: try SocketAddress(ipAddress: broker.host, port: broker.port), port: port) { channel in
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
        let bus = try KafkaMessageBus.serving("127.0.0.1:\(port)") { $0.kafka.security.tls = .init(authoritiesFile: certificate.file) }
        try await bus.ensureTopics([self.topic("mail")])
        _ = try await bus.produce((0..<100).map { Records.outgoing("\($0)", topic: "mail", partition: $0 % 2) })
        let consumer = try await self.subscribe(bus, "mail")
        var seen: Set<String> = []
        while seen.count < 100, let batch = try await consumer.nextBatch() { seen.formUnion(batch.map { String(buffer: $0.value) }) }
        #expect(seen.count == 100)
        await bus.close()
        for tls in [KafkaSecurity.TLS(authoritiesFile: stranger.file), nil] {
            let refused = try KafkaMessageBus.serving("127.0.0.1:\(port)") {
                $0.kafka.security.tls = tls
                $0.kafka.requestTimeout = .seconds(2)
            }
            let error = await #expect(throws: BusError.self) { try await refused.ensureTopics([self.topic("mail")]) }
            #expect(error?.code == .unavailable)
            if tls != nil { #expect(error?.message.contains("certificate") == true, "\(error?.message ?? "")") }
            await refused.close()
        }
        await proxy.stop()
        await broker.stop()
        folder.remove()
    }

    /// A broker that asks who we are: a name that it does not know is refused with the reason, and the password is in no text.
    @Test(
        .enabled(if: TestKafka.outside == nil, "the cluster is somebody else's"), arguments: [KafkaSecurity.SASL.Mechanism.scramSHA256, .scramSHA512])
    func aWrongNameIsRefused(mechanism: KafkaSecurity.SASL.Mechanism) async throws {
        let broker = try await KafkaBroker.start(arguments: ["--authentication"])
        let log = RecordingLog.Lines()
        let bus = try KafkaMessageBus.serving(broker.bootstrapServers, log: log) {
            $0.kafka.security.sasl = .init(mechanism: mechanism, username: "nobody", password: KafkaSecret("a-secret-word"))
            $0.kafka.requestTimeout = .seconds(2)
        }
        let error = await #expect(throws: BusError.self) { try await bus.ensureTopics([self.topic("mail")]) }
        #expect(error?.message.contains("SASL") == true, "\(error?.message ?? "")")
        let said = "\(error.map { "\($0)" } ?? "") \(log.all)"
        #expect(!said.contains("a-secret-word"))
        await bus.close()
        await broker.stop()
    }

    /// What was consumed is deleted where brokers can; where they cannot, that is said.
    @Test func consumedRecordsAreDeletedWhereBrokersCan() async throws {
        let kafka = try await TestKafka.start()
        let name = TestKafka.uniqueName("apus-test")
        let bus = try KafkaMessageBus.serving(kafka.bootstrapServers)
        try await bus.ensureTopics([self.topic(name, partitions: 1)])
        let positions = try await bus.produce((0..<10).map { Records.outgoing("\($0)", topic: name, partition: 0) })
        let consumer = try await self.subscribe(bus, name)
        var seen = 0
        while seen < 10, let batch = try await consumer.nextBatch() { seen += batch.count }
        try await consumer.commit([positions[0].topicPartition: positions[6].offset])
        var done: [TopicPartition: Int64] = [:]
        do {
            try await bus.trimConsumed(&done)
            #expect(done == [positions[0].topicPartition: positions[6].offset])
            #expect(try await bus.positions(topic: name, group: nil)[0].start == positions[6].offset)
        } catch let error as BusError {
            #expect(TestKafka.outside == nil, "Apache Kafka deletes records")
            // The test broker hangs up on it.
            let cause = try #require(error.cause as? KafkaError)
            #expect(cause.isUnsupported || cause.isUnanswered, "\(error)")
            #expect(done.isEmpty)
        }
        await bus.close()
        await kafka.stop()
    }
}
