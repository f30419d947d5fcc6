import KafkaClient
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(2))) struct KafkaProducerTests {
    /// Errors that pass are the library's to mend: the caller sees one acknowledgement, and each record is there once.
    @Test(arguments: [
        [KafkaMockCluster.notEnoughReplicas, KafkaMockCluster.notEnoughReplicas], [KafkaMockCluster.transportError],
        [KafkaMockCluster.transportError, KafkaMockCluster.notEnoughReplicas],
    ])
    func triesAgain(errors: [Int32]) async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce([KafkaFixture.message("first", partition: 0)])
        fixture.cluster.failNext(.produce, with: errors)
        let positions = try await producer.produce((0..<50).map { KafkaFixture.message("\($0)", partition: 0) })
        #expect(positions.map(\.offset) == (1...50).map { Int64($0) })
        await producer.close()
        #expect(try await fixture.contents(count: 51)[0] == ["first"] + (0..<50).map(String.init))
    }

    @Test func saysWhatIsFinal() async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        fixture.cluster.failNext(.produce, with: [KafkaMockCluster.recordTooLarge])
        let refused = await #expect(throws: KafkaError.self) { try await producer.produce([KafkaFixture.message("large", partition: 0)]) }
        #expect(refused?.isTooLarge == true)
        let unknown = await #expect(throws: KafkaError.self) { try await producer.produce([KafkaFixture.message("x", partition: 99)]) }
        #expect(unknown?.isUnknownTopic == true)
        #expect(producer.outstanding == (0, 0))
        // One that is refused takes nothing from those that follow.
        _ = try await producer.produce([KafkaFixture.message("good", partition: 0)])
        await producer.close()
    }

    /// Fewer permits than records, and a library whose own queue is smaller still: callers wait, and never hear of it.
    @Test(arguments: [[:], ["queue.buffering.max.messages": "7"]])
    func waitsForRoom(extra: [String: String]) async throws {
        var fixture = try KafkaFixture()
        fixture.configuration.maximumOutstandingRecords = 20
        fixture.configuration.extra = extra.mapValues(KafkaSecret.init)
        fixture.configuration.linger = .zero
        let producer = try KafkaProducer(fixture.configuration)
        let count = 8 * 5 * 30
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<5 {
                        let messages = (0..<30).map { KafkaFixture.message("\(task)/\(round * 30 + $0)", partition: Int32(task % 4)) }
                        let positions = try await producer.produce(messages)
                        #expect(positions.count == 30)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(producer.outstanding == (0, 0))
        await producer.close()
        let contents = try await fixture.contents(count: count)
        for task in 0..<8 {
            #expect(contents[task % 4].filter { $0.hasPrefix("\(task)/") } == (0..<150).map { "\(task)/\($0)" })
        }
    }

    @Test func bytesAreBoundedAndALargeRecordStillPasses() async throws {
        var fixture = try KafkaFixture()
        fixture.configuration.maximumRecordBytes = 100_000
        fixture.configuration.maximumOutstandingBytes = 100_000
        let producer = try KafkaProducer(fixture.configuration)
        let large = KafkaMessage(topic: "mail", partition: 0, key: [1], value: ByteBuffer(repeating: 7, count: 99_000))
        #expect(try await producer.produce([large, large, large]).count == 3)
        await producer.close()
    }

    @Test func brokersThatGoAndComeBackCostTimeOnly() async throws {
        let fixture = try KafkaFixture(brokers: 3)
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce((0..<4).map { KafkaFixture.message("before", partition: Int32($0)) })
        fixture.cluster.setBrokers(areUp: false)
        async let positions = producer.produce((0..<40).map { KafkaFixture.message("\($0)", partition: Int32($0 % 4)) })
        try await fixture.waitForOutstanding(40, in: producer)
        fixture.cluster.setBrokers(areUp: true)
        #expect(try await positions.count == 40)
        await producer.close()
    }

    @Test func aSlowBrokerIsWaitedFor() async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        _ = try await producer.produce([KafkaFixture.message("before", partition: 0)])
        fixture.cluster.setRoundTrip(of: 1, milliseconds: 300)
        let start = ContinuousClock.now
        _ = try await producer.produce([KafkaFixture.message("after", partition: 0)])
        #expect(ContinuousClock.now - start >= .milliseconds(290))
        await producer.close()
    }

    /// A flush that serves no reports would wait for ever; one that waits for absent brokers as well.
    @Test func closesInTimeWithoutBrokers() async throws {
        var fixture = try KafkaFixture()
        fixture.configuration.closeTimeout = .seconds(1)
        let configuration = fixture.configuration
        let producer = try KafkaProducer(configuration)
        _ = try await producer.produce([KafkaFixture.message("before", partition: 0)])
        fixture.cluster.setBrokers(areUp: false)
        async let lost = #expect(throws: KafkaError.self) {
            try await producer.produce((0..<100).map { KafkaFixture.message("\($0)", partition: 0) })
        }
        try await fixture.waitForOutstanding(100, in: producer)
        let start = ContinuousClock.now
        await producer.close()
        await producer.close()
        #expect(ContinuousClock.now - start < .seconds(10))
        _ = await lost
        let late = await #expect(throws: KafkaError.self) { try await producer.produce([KafkaFixture.message("late")]) }
        #expect(late?.isClosed == true)
        #expect(producer.outstanding == (0, 0))
    }

    @Test func closingFlushes() async throws {
        var fixture = try KafkaFixture()
        // Longer than the test: only a flush sends it.
        fixture.configuration.linger = .seconds(20)
        fixture.configuration.closeTimeout = .seconds(25)
        let producer = try KafkaProducer(fixture.configuration)
        async let positions = producer.produce([KafkaFixture.message("lingers", partition: 0)])
        try await fixture.waitForOutstanding(1, in: producer)
        let start = ContinuousClock.now
        await producer.close()
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(try await positions.count == 1)
    }

    /// What was not acknowledged when the client died is sent again by the next, in its order; nothing is lost, and callers hear nothing.
    @Test func aFatalErrorLosesNothing() async throws {
        var fixture = try KafkaFixture()
        fixture.configuration.maximumOutstandingRecords = 200
        let configuration = fixture.configuration
        let producer = try KafkaProducer(configuration)
        _ = try await producer.produce([KafkaFixture.message("before", partition: 0)])
        fixture.cluster.setRoundTrip(of: 1, milliseconds: 100)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for round in 0..<10 {
                        let messages = (0..<20).map { KafkaFixture.message("\(task)/\(round * 20 + $0)", partition: Int32(task)) }
                        let positions = try await producer.produce(messages)
                        #expect(positions.count == 20)
                    }
                }
            }
            for _ in 0..<3 {
                try await Task.sleep(for: .milliseconds(150))
                producer.failFatally()
            }
            try await group.waitForAll()
        }
        #expect(producer.rebuilds == 3)
        #expect(producer.outstanding == (0, 0))
        await producer.close()
        // A copy of each at least; first copies are in order.
        fixture.cluster.setRoundTrip(of: 1, milliseconds: 0)
        let contents = try await fixture.contents(count: 801)
        for task in 0..<4 {
            var seen: Set<String> = []
            let first = contents[task].filter { $0 != "before" && seen.insert($0).inserted }
            #expect(first == (0..<200).map { "\(task)/\($0)" })
        }
    }

    @Test func aFatalErrorWhileClosingDoesNotHoldItUp() async throws {
        let fixture = try KafkaFixture()
        let producer = try KafkaProducer(fixture.configuration)
        fixture.cluster.setBrokers(areUp: false)
        async let lost = #expect(throws: KafkaError.self) { try await producer.produce([KafkaFixture.message("x", partition: 0)]) }
        try await fixture.waitForOutstanding(1, in: producer)
        producer.failFatally()
        let start = ContinuousClock.now
        await producer.close(within: .milliseconds(200))
        #expect(ContinuousClock.now - start < .seconds(10))
        _ = await lost
    }
}
