import ApusCore
import ApusSchema
import Backends
import Delivery
import Logging
import NIOCore
import Synchronization
import Testing

@Suite struct MoverDecisionTests {
    let now = UnixMilliseconds(1_800_000_000_000)
    let decision = MoverDecision(family: .retry, tier: .oneMinute, ladder: .standard)

    func facts(_ notBefore: Duration, expires: Duration = .seconds(100_000)) -> MoverDecision.Facts {
        MoverDecision.Facts(notBefore: self.now + notBefore, expiresAt: self.now + expires, resumeTopic: "resume", destination: "x.test")
    }

    @Test func dueAfterTheDelayOrEarlier() {
        #expect(self.decision.due(self.facts(.seconds(600)), appendedAt: self.now) == self.now + .seconds(60))
        #expect(self.decision.due(self.facts(.seconds(20)), appendedAt: self.now) == self.now + .seconds(20))
        #expect(self.decision.due(self.facts(.seconds(600), expires: .seconds(5)), appendedAt: self.now) == self.now + .seconds(5))
    }

    @Test func hopsThroughTheLargestTiersThatFit() {
        #expect(self.decision.target(self.facts(.zero), now: self.now) == "resume")
        #expect(self.decision.target(self.facts(.seconds(14)), now: self.now) == "apus.retry.15s")
        #expect(self.decision.target(self.facts(.seconds(400)), now: self.now) == "apus.retry.5m")
        #expect(self.decision.target(self.facts(.seconds(400), expires: .zero), now: self.now) == "resume")
        let hold = MoverDecision(family: .hold, tier: .oneMinute, ladder: .standard)
        #expect(hold.target(self.facts(.seconds(61)), now: self.now) == "apus.hold.1m")
    }
}

@Suite(.timeLimit(.minutes(1))) struct MoverTests {
    /// A mover with two tiers on a bus in memory.
    func with(
        _ delays: [DelayTier: Duration] = [:], _ body: @escaping @Sendable (MemoryBus, ManualClock) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let bus = MemoryBus(now: { clock.now() })
        let topics = DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] } + ["resume", Topics.dead]
        try await bus.ensureTopics(topics.map { TopicDefinition(name: $0, partitions: 2, retention: .bounded(age: .seconds(1), bytes: 1)) })
        var configuration = MoverConfiguration(delays: delays)
        configuration.tiers = [.fifteenSeconds, .oneMinute]
        let mover = Mover(bus: bus, configuration: configuration, clock: clock, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await mover.run() }
            defer { mover.stop() }
            try await body(bus, clock)
        }
    }

    func put(
        _ bus: MemoryBus, _ number: Int, _ topic: String, notBefore: UnixMilliseconds, now: UnixMilliseconds, lifetime: Duration = .seconds(7200)
    ) async throws -> ByteBuffer {
        var message = Messages.message(number, to: ["a@x.test"], now: now, lifetime: lifetime)
        message.notBeforeMs = notBefore.rawValue
        message.resumeTopic = "resume"
        let record = try Messages.record(message, topic: topic)
        try await bus.produce([record])
        return record.value
    }

    @Test func recordComesBackWhenItsTimeHasCome() async throws {
        try await self.with { bus, clock in
            let start = clock.now()
            let value = try await self.put(bus, 1, Topics.retry(.oneMinute), notBefore: start + .seconds(60), now: start)
            await clock.sleepers(1)
            clock.advance(by: .seconds(59))
            #expect(bus.records("resume").isEmpty)
            clock.advance(by: .seconds(1))
            try await bus.wait { $0.lag(Topics.retry(.oneMinute), group: "mover.retry.1m") == 0 }
            #expect(bus.records("resume").map(\.value) == [value])
            #expect(bus.records("resume").first?.key == Array("x.test".utf8))
        }
    }

    @Test func longerWaitsHopOn() async throws {
        try await self.with { bus, clock in
            let start = clock.now()
            _ = try await self.put(bus, 1, Topics.hold(.oneMinute), notBefore: start + .seconds(70), now: start)
            await clock.sleepers(1)
            clock.advance(by: .seconds(60))
            try await bus.wait { $0.lag(Topics.hold(.oneMinute), group: "mover.hold.1m") == 0 }
            #expect(bus.records("resume").isEmpty)
            #expect(bus.records(Topics.hold(.fifteenSeconds)).count == 1)
            await clock.sleepers(1)
            clock.advance(by: .seconds(10))
            try await bus.wait { $0.records("resume").count == 1 }
        }
    }

    @Test func manyAreMovedInOrderAndInFewCalls() async throws {
        try await self.with { bus, clock in
            let start = clock.now()
            var records: [OutgoingRecord] = []
            for number in 0..<1500 {
                var message = Messages.message(number, to: ["a@x.test"], now: start)
                message.notBeforeMs = (start + .seconds(15)).rawValue
                message.resumeTopic = "resume"
                records.append(try Messages.record(message, topic: Topics.retry(.fifteenSeconds)))
            }
            try await bus.produce(records)
            await clock.sleepers(1)
            clock.advance(by: .seconds(15))
            try await bus.wait { $0.lag(Topics.retry(.fifteenSeconds), group: "mover.retry.15s") == 0 }
            #expect(bus.records("resume").map(\.value) == records.map(\.value))
        }
    }

    @Test func deadlineEndsTheWait() async throws {
        try await self.with { bus, clock in
            let start = clock.now()
            _ = try await self.put(bus, 1, Topics.retry(.oneMinute), notBefore: start + .seconds(60), now: start, lifetime: .seconds(30))
            await clock.sleepers(1)
            clock.advance(by: .seconds(30))
            try await bus.wait { $0.records("resume").count == 1 }
        }
    }

    @Test func shortTiersForDemonstrations() async throws {
        try await self.with([.oneMinute: .seconds(2), .fifteenSeconds: .seconds(1)]) { bus, clock in
            let start = clock.now()
            _ = try await self.put(bus, 1, Topics.retry(.oneMinute), notBefore: start + .seconds(2), now: start)
            await clock.sleepers(1)
            clock.advance(by: .seconds(2))
            try await bus.wait { $0.records("resume").count == 1 }
        }
    }

    @Test func busThatIsAwayLosesNothing() async throws {
        try await self.with { bus, clock in
            let start = clock.now()
            _ = try await self.put(bus, 1, Topics.retry(.fifteenSeconds), notBefore: start, now: start)
            try await bus.wait { $0.records("resume").count == 1 }
            let value = try await self.put(bus, 2, Topics.retry(.fifteenSeconds), notBefore: start + .seconds(15), now: start)
            await clock.sleepers(1)
            bus.failNext(1)
            clock.advance(by: .seconds(15))
            await clock.sleepers(1)
            #expect(bus.records("resume").count == 1)
            clock.advance(by: .seconds(1))
            try await bus.wait { $0.lag(Topics.retry(.fifteenSeconds), group: "mover.retry.15s") == 0 }
            #expect(bus.records("resume").last?.value == value)
        }
    }

    @Test func bytesThatAreNoRecordGoToTheDeadTopic() async throws {
        try await self.with { bus, clock in
            try await bus.produce([
                OutgoingRecord(topic: Topics.retry(.oneMinute), key: [1], value: ByteBuffer(bytes: [0xff, 0xff, 0xff]), partition: 0)
            ])
            try await bus.wait { $0.records(Topics.dead).count == 1 }
            let dead = try RecordCoding.decode(Apus_V1_DeadRecord.self, from: bus.records(Topics.dead)[0].value)
            #expect(Array(dead.value) == [0xff, 0xff, 0xff] && dead.topic == "apus.retry.1m" && Array(dead.key) == [1])
        }
    }

    @Test func newerRecordStopsItsPartitionAndIsKept() async throws {
        try await self.with { bus, clock in
            var message = Messages.message(1, to: ["a@x.test"], now: clock.now())
            message.schema = 99
            message.resumeTopic = "resume"
            var newer = try Messages.record(message, topic: Topics.retry(.oneMinute))
            newer.partition = 0
            var known = try Messages.record(Messages.message(2, to: ["a@x.test"], now: clock.now()), topic: Topics.retry(.oneMinute))
            known.partition = 0
            var other = Messages.message(3, to: ["a@x.test"], now: clock.now())
            other.resumeTopic = "resume"
            var elsewhere = try Messages.record(other, topic: Topics.retry(.oneMinute))
            elsewhere.partition = 1
            try await bus.produce([newer, known, elsewhere])
            try await bus.wait { $0.records("resume").count == 1 }
            #expect(bus.lag(Topics.retry(.oneMinute), group: "mover.retry.1m") == 2)
            #expect(bus.records(Topics.dead).isEmpty)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct SplitterTests {
    func with(_ body: @escaping @Sendable (MemoryBus) async throws -> Void) async throws {
        let bus = MemoryBus()
        let topics = [Topics.submitted, Topics.dead, Topics.outbound(queue: "default", class: .transactional)]
        try await bus.ensureTopics(topics.map { TopicDefinition(name: $0, partitions: 1, retention: .bounded(age: .seconds(1), bytes: 1)) })
        let splitter = Splitter(bus: bus, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await splitter.run() }
            defer { splitter.stop() }
            try await body(bus)
        }
    }

    @Test func oneRecordPerDomain() async throws {
        try await self.with { bus in
            var submitted = Apus_V1_SubmittedMessage()
            submitted.schema = 1
            submitted.message = Messages.message(1, to: [])
            for domain in ["x.test", "y.test", "z.test"] {
                var part = Apus_V1_SubmittedMessage.Part()
                part.destination = domain
                part.recipients = ["a@\(domain)", "b@\(domain)"]
                submitted.parts.append(part)
            }
            bus.failNext(1)
            // The failure hits this test's own call.
            await #expect(throws: BusError.self) { try await bus.produce([]) }
            try await bus.produce([OutgoingRecord(topic: Topics.submitted, key: [], value: try RecordCoding.encode(submitted))])
            try await bus.wait { $0.lag(Topics.submitted, group: Topics.splitterGroup) == 0 }
            let parts = try bus.records(Topics.outbound(queue: "default", class: .transactional)).map {
                try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: $0.value)
            }
            #expect(parts.map(\.destination) == ["x.test", "y.test", "z.test"])
            #expect(parts.map(\.recipients) == [["a@x.test", "b@x.test"], ["a@y.test", "b@y.test"], ["a@z.test", "b@z.test"]])
            #expect(parts.allSatisfy { $0.body == submitted.message.body && $0.messageID == submitted.message.messageID })
        }
    }

    @Test func bytesThatAreNoRecordGoToTheDeadTopic() async throws {
        try await self.with { bus in
            try await bus.produce([OutgoingRecord(topic: Topics.submitted, key: [], value: ByteBuffer(bytes: [0xff]))])
            try await bus.wait { $0.lag(Topics.submitted, group: Topics.splitterGroup) == 0 }
            #expect(bus.records(Topics.dead).count == 1)
        }
    }

    @Test func newerRecordIsKept() async throws {
        try await self.with { bus in
            var submitted = Apus_V1_SubmittedMessage()
            submitted.schema = 2
            submitted.message = Messages.message(1, to: [])
            var part = Apus_V1_SubmittedMessage.Part()
            part.destination = "x.test"
            submitted.parts = [part]
            try await bus.produce([OutgoingRecord(topic: Topics.submitted, key: [], value: try RecordCoding.encode(submitted))])
            // The partition is paused once the record was looked at.
            try await bus.wait { bus in bus.consumers.contains { $0.state.withLock { !$0.paused.isEmpty } } }
            #expect(bus.lag(Topics.submitted, group: Topics.splitterGroup) == 1)
        }
    }
}
