import KafkaClient
import NIOCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct KafkaConsumerTests {
    /// A stop does not wait for brokers that are away.
    @Test func closesInTimeWithoutBrokers() async throws {
        let fixture = try KafkaFixture()
        fixture.cluster.setBrokers(areUp: false)
        let consumer = try fixture.member()
        async let joined = consumer.waitUntilJoined()
        async let batch = consumer.nextBatch()
        let start = ContinuousClock.now
        try await Task.sleep(for: .milliseconds(100))
        await consumer.close()
        #expect(ContinuousClock.now - start < .seconds(8))
        #expect(try await !joined)
        #expect(try await batch == nil)
    }

    @Test func closesInTimeWhenBrokersGoAfterJoining() async throws {
        let fixture = try KafkaFixture()
        let log = RebalanceLog()
        let consumer = try fixture.member(log: log)
        #expect(try await consumer.waitUntilJoined())
        fixture.cluster.setBrokers(areUp: false)
        let partition = KafkaPartition(topic: "mail", partition: 0)
        let start = ContinuousClock.now
        await #expect(throws: KafkaError.self) { try await consumer.commit([partition: 1]) }
        await consumer.close()
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(log.revocations == 1, "the handler lets go of its partitions all the same")
    }

    @Test func aCancelledCallDoesNotWaitForTheGroup() async throws {
        let fixture = try KafkaFixture()
        fixture.cluster.setBrokers(areUp: false)
        let consumer = try fixture.member()
        let waiting = Task { try await consumer.waitUntilJoined() }
        waiting.cancel()
        #expect(try await !waiting.value)
        await consumer.close()
    }

    /// Nobody reads for longer than the poll interval: the library is served all the same, and the member stays.
    @Test func aSlowReaderKeepsItsPartitions() async throws {
        var fixture = try KafkaFixture()
        fixture.configuration.maximumPollInterval = .seconds(6)
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce((0..<1000).map { KafkaFixture.message("\($0)", partition: Int32($0 % 4)) })
        let log = RebalanceLog()
        let consumer = try fixture.member(log: log)
        #expect(try await consumer.waitUntilJoined())
        var seen = try await consumer.nextBatch()?.count ?? 0
        try await Task.sleep(for: .seconds(9))
        #expect(log.revocations == 0)
        while seen < 1000, let batch = try await consumer.nextBatch() { seen += batch.count }
        #expect(seen == 1000)
        try await consumer.commit([KafkaPartition(topic: "mail", partition: 0): 250])
        await consumer.close()
        await producer.close()
    }

    /// A member that lets go has its time, and what it then says is heard; one that takes longer is not waited for.
    @Test func aHandlerHasItsTimeAndNoMore() async throws {
        var fixture = try KafkaFixture()
        fixture.configuration.drainTimeout = .seconds(1)
        let release = AsyncStream.makeStream(of: Void.self)
        let isOver = Mutex(false)
        let slow = RebalanceLog { _ in
            for await _ in release.stream {}
            isOver.withLock { $0 = true }
        }
        let one = try fixture.member(log: slow)
        #expect(try await one.waitUntilJoined())
        #expect(slow.assigned.count == 4)
        let log = RebalanceLog()
        let two = try fixture.member(log: log)
        #expect(try await two.waitUntilJoined())
        #expect(log.assigned.count == 2)
        #expect(!isOver.withLock { $0 })
        release.continuation.finish()
        await one.close()
        await two.close()
        #expect(isOver.withLock { $0 })
    }

    @Test func commitsGoTogetherAndSurviveACoordinatorThatMoves() async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce((0..<100).map { KafkaFixture.message("\($0)", partition: 0) })
        let consumer = try fixture.member()
        #expect(try await consumer.waitUntilJoined())
        let partition = KafkaPartition(topic: "mail", partition: 0)
        fixture.cluster.failNext(.offsetCommit, with: [KafkaMockCluster.notCoordinator])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for offset in 1...100 { group.addTask { try await consumer.commit([partition: Int64(offset)]) } }
            try await group.waitForAll()
        }
        #expect(try await KafkaCluster(fixture.configuration).committed(group: "group", topic: "mail", partitions: 1) == [100])
        // Behind what is committed: nothing is asked, so nobody has to be there.
        fixture.cluster.setBrokers(areUp: false)
        try await consumer.commit([partition: 50])
        await consumer.close()
        await producer.close()
    }

    /// The mock cluster keeps 5 MB a partition, as brokers that delete what nobody has read would.
    @Test func aLogWithoutItsBeginningIsNotReadByAGroupWithoutOffsets() async throws {
        var fixture = try KafkaFixture(partitions: 2)
        fixture.configuration.compression = .none
        let producer = try KafkaProducer(fixture.configuration)
        let large = ByteBuffer(repeating: 65, count: 500_000)
        for _ in 0..<16 {
            _ = try await producer.produce([KafkaMessage(topic: "mail", partition: 0, key: [], value: large)])
        }
        let cluster = KafkaCluster(fixture.configuration)
        #expect(try await cluster.watermarks(topic: "mail", partitions: 2)[0].lowerBound > 0)
        let log = RebalanceLog()
        let keeping = try fixture.member("keeping", keepsAll: true, log: log)
        #expect(try await keeping.waitUntilJoined())
        #expect(log.assigned.keys.map(\.partition) == [1])
        let error = await #expect(throws: KafkaError.self) { try await keeping.nextBatch() }
        #expect(error?.isOffsetLost == true)
        #expect(error?.message.contains("mail/0") == true)
        // The other partition goes on, and the one that stopped is told of once.
        _ = try await producer.produce([KafkaFixture.message("other", partition: 1)])
        #expect(try await keeping.nextBatch()?.map(\.partition) == [1])
        await keeping.close()
        // Where nothing is promised, reading starts at what there is.
        let anew = try fixture.member("anew", keepsAll: false)
        #expect(try await anew.waitUntilJoined())
        #expect(try await anew.nextBatch()?.isEmpty == false)
        await anew.close()
        await producer.close()
    }

    /// A committed offset below the log's beginning is a loss as well.
    @Test func aCommittedOffsetThatTheLogHasLostIsToldOf() async throws {
        var fixture = try KafkaFixture(partitions: 1)
        fixture.configuration.compression = .none
        let producer = try KafkaProducer(fixture.configuration)
        let large = ByteBuffer(repeating: 65, count: 500_000)
        let message = KafkaMessage(topic: "mail", partition: 0, key: [], value: large)
        _ = try await producer.produce([message, message])
        let first = try fixture.member(keepsAll: true)
        _ = try await first.nextBatch()
        try await first.commit([KafkaPartition(topic: "mail", partition: 0): 1])
        await first.close()
        for _ in 0..<16 { _ = try await producer.produce([message]) }
        let second = try fixture.member(keepsAll: true)
        let error = await #expect(throws: KafkaError.self) { try await second.nextBatch() }
        #expect(error?.isOffsetLost == true)
        await second.close()
        await producer.close()
    }

    @Test func fetchErrorsPass() async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        let consumer = try fixture.member()
        #expect(try await consumer.waitUntilJoined())
        fixture.cluster.failNext(.fetch, with: [KafkaMockCluster.transportError, KafkaMockCluster.transportError])
        _ = try await producer.produce((0..<100).map { KafkaFixture.message("\($0)", partition: Int32($0 % 4)) })
        var seen = 0
        while seen < 100, let batch = try await consumer.nextBatch() { seen += batch.count }
        #expect(seen == 100)
        await consumer.close()
        await producer.close()
    }

    /// Offsets that cannot be asked for are not taken for absent ones: that would send everything again.
    @Test func offsetsThatCannotBeHadAreAskedForAgain() async throws {
        var fixture = try KafkaFixture(partitions: 1)
        fixture.configuration.extra = ["reconnect.backoff.max.ms": KafkaSecret("100")]
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce((0..<10).map { KafkaFixture.message("\($0)", partition: 0) })
        let first = try fixture.member()
        #expect(try await first.waitUntilJoined())
        try await first.commit([KafkaPartition(topic: "mail", partition: 0): 6])
        await first.close()
        fixture.cluster.failNext(.offsetFetch, with: Array(repeating: KafkaMockCluster.transportError, count: 12))
        let log = RebalanceLog()
        let second = try fixture.member(log: log)
        #expect(try await second.waitUntilJoined())
        #expect(log.assigned.values.map { $0 } == [6])
        #expect(try await second.nextBatch()?.first.map { String(buffer: $0.value) } == "6")
        await second.close()
        await producer.close()
    }

    /// Nobody waits for a group that will not have it.
    @Test func aRefusedMemberIsTold() async throws {
        let fixture = try KafkaFixture()
        fixture.cluster.failNext(.joinGroup, with: Array(repeating: KafkaMockCluster.groupNotAllowed, count: 5))
        let consumer = try fixture.member()
        await #expect(throws: KafkaError.self) { try await consumer.waitUntilJoined() }
        await consumer.close()
    }

    /// What lies behind a question that nobody answered is said with it.
    @Test func anUnansweredQuestionSaysWhy() async throws {
        var configuration = KafkaConfiguration(bootstrapServers: "127.0.0.1:1", requestTimeout: .milliseconds(500))
        configuration.security.sasl = KafkaSecurity.SASL(mechanism: .plain, username: "apus", password: KafkaSecret("hidden"))
        let cluster = KafkaCluster(configuration)
        let error = await #expect(throws: KafkaError.self) { try await cluster.topics() }
        #expect(error?.message.contains("127.0.0.1:1") == true)
        #expect(error?.message.contains("hidden") == false)
    }
}
