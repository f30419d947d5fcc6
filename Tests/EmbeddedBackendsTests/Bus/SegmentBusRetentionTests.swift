import ApusCore
import Backends
import EmbeddedBackends
import Foundation
import NIOCore
import Synchronization
import Testing

@Suite struct SegmentBusRetentionTests {
    private func consume(_ bus: SegmentMessageBus, upTo count: Int, topic: String = "mail") async throws {
        let consumer = try await bus.subscribe(
            group: "worker", topics: [topic], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener())
        var read = 0
        var done: [TopicPartition: Int64] = [:]
        while read < count, let batch = try await consumer.nextBatch() {
            for record in batch.prefix(count - read) { done[record.position.topicPartition] = record.position.offset + 1 }
            read += batch.count
        }
        try await consumer.commit(done)
        await consumer.close()
    }

    @Test func consumedSegmentsGo() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic()])
        for number in 0..<100 { try await bus.produce([BusTestFolder.record(number, size: 20_000)]) }
        #expect(folder.files(".hot").count >= 8)
        await bus.runMaintenance()
        #expect(folder.files(".hot").count >= 8, "nothing is consumed yet")
        try await self.consume(bus, upTo: 100)
        await bus.runMaintenance()
        #expect(folder.files(".hot").count == 1)
        let positions = try await bus.positions(topic: "mail", group: "worker")
        #expect(positions[0].start == 100 && positions[0].end == 100 && positions[0].committed == 100)
        await bus.close()
        // Offsets and commits outlive the segments they were written to.
        let reopened = try await folder.open()
        #expect(try await reopened.positions(topic: "mail", group: "worker") == positions)
        #expect(try await reopened.produce([BusTestFolder.record("next")])[0].offset == 100)
        await reopened.close()
    }

    @Test func deadSegmentsAreUsedAgain() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        var configuration = BusTestFolder.configuration
        configuration.spareSegments = 4
        let bus = try await folder.open(configuration)
        try await bus.ensureTopics([BusTestFolder.topic()])
        var number = 0
        for _ in 0..<6 {
            for _ in 0..<40 {
                try await bus.produce([BusTestFolder.record(number, size: 20_000)])
                number += 1
            }
            try await self.consume(bus, upTo: 40)
            await bus.runMaintenance()
        }
        #expect(folder.files(".hot").count + folder.files(".spare").count <= 12)
        #expect(!folder.files(".spare").isEmpty)
        for _ in 0..<20 {
            try await bus.produce([BusTestFolder.record(number, size: 20_000)])
            number += 1
        }
        // What the files held in their earlier lives does not come back.
        let copy = try folder.copy()
        defer { copy.remove() }
        await bus.close()
        let reopened = try await copy.open(configuration)
        #expect(try await BusTestFolder.all(reopened).compactMap(BusTestFolder.number) == Array(240..<260))
        await reopened.close()
    }

    /// One record that stays does not keep the segments around it, and keeps its offset through moves and reopening.
    @Test func stuckRecordsAreMoved() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic(), BusTestFolder.topic("slow")])
        var kept: [Int64] = []
        for number in 0..<100 {
            try await bus.produce([BusTestFolder.record(number, size: 20_000)])
            if number % 10 == 5 { kept.append(try await bus.produce([BusTestFolder.record(number, size: 3000, topic: "slow")])[0].offset) }
        }
        try await self.consume(bus, upTo: 100)
        await bus.runMaintenance()
        #expect(folder.files(".hot").count == 1)
        #expect(folder.files(".cold").count == 1)
        let expected = stride(from: 5, to: 100, by: 10).map { $0 }
        #expect(try await BusTestFolder.all(bus, topic: "slow").compactMap(BusTestFolder.number) == expected)
        #expect(try await BusTestFolder.all(bus, topic: "slow").map(\.position.offset) == kept)
        let copy = try folder.copy()
        defer { copy.remove() }
        await bus.close()
        for source in [folder, copy] {
            let reopened = try await source.open()
            #expect(try await BusTestFolder.all(reopened, topic: "slow").compactMap(BusTestFolder.number) == expected)
            try await self.consume(reopened, upTo: 10, topic: "slow")
            await reopened.runMaintenance()
            #expect(source.files(".cold").isEmpty)
            await reopened.close()
        }
    }

    /// A crash after the copy and before the source went leaves both; each record is there once.
    @Test func aMoveThatWasInterruptedDoublesNothing() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic(), BusTestFolder.topic("slow")])
        for number in 0..<30 {
            try await bus.produce([BusTestFolder.record(number, size: 20_000)])
            if number % 3 == 0 { try await bus.produce([BusTestFolder.record(number, size: 1000, topic: "slow")]) }
        }
        let before = try folder.copy()
        defer { before.remove() }
        try await self.consume(bus, upTo: 30)
        await bus.runMaintenance()
        let after = try folder.copy()
        defer { after.remove() }
        await bus.close()
        for name in before.files(".hot") where !after.files(".hot").contains(name) { try after.write(try before.read(name), name) }
        let reopened = try await after.open()
        #expect(
            try await BusTestFolder.all(reopened, topic: "slow").compactMap(BusTestFolder.number) == Array(stride(from: 0, to: 30, by: 3)))
        await reopened.close()
    }

    @Test func boundedTopicsGoByAgeAndSize() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let time = TestTime()
        var configuration = BusTestFolder.configuration
        configuration.now = { UnixMilliseconds(time.now) }
        let bus = try await folder.open(configuration)
        try await bus.ensureTopics([
            TopicDefinition(name: "aged", partitions: 1, retention: .bounded(age: .seconds(60), bytes: 1 << 40)),
            TopicDefinition(name: "sized", partitions: 2, retention: .bounded(age: .seconds(86_400), bytes: 50_000)),
        ])
        try await bus.produce((0..<5).map { BusTestFolder.record($0, size: 1000, topic: "aged") })
        time.advance(40_000)
        try await bus.produce((5..<10).map { BusTestFolder.record($0, size: 1000, topic: "aged") })
        for number in 0..<20 {
            time.advance(1000)
            try await bus.produce([BusTestFolder.record(number, size: 10_000, topic: "sized", partition: number % 2)])
        }
        time.advance(5000)
        await bus.runMaintenance()
        #expect(try await BusTestFolder.all(bus, topic: "aged").compactMap(BusTestFolder.number) == Array(5..<10))
        let sized = try await BusTestFolder.all(bus, topic: "sized").compactMap(BusTestFolder.number).sorted()
        #expect(sized == [16, 17, 18, 19])
        time.advance(120_000)
        await bus.runMaintenance()
        #expect(try await BusTestFolder.all(bus, topic: "aged").isEmpty)
        #expect(try await bus.positions(topic: "aged", group: nil)[0].start == 10)
        await bus.close()
    }

    @Test func atItsBoundItRefusesAndCommitsGoOn() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        var configuration = BusTestFolder.configuration
        configuration.maximumBytes = Int64(3 * configuration.segmentBytes)
        let bus = try await folder.open(configuration)
        try await bus.ensureTopics([BusTestFolder.topic()])
        var accepted = 0
        do {
            for number in 0..<1000 {
                try await bus.produce([BusTestFolder.record(number, size: 20_000)])
                accepted += 1
            }
            Issue.record("the bound was not reached")
        } catch let error as BusError {
            #expect(error.code == .unavailable)
        }
        #expect(accepted > 20)
        #expect(try await BusTestFolder.all(bus).compactMap(BusTestFolder.number) == Array(0..<accepted))
        try await self.consume(bus, upTo: accepted)
        await bus.runMaintenance()
        try await bus.produce([BusTestFolder.record(1, size: 20_000)])
        await bus.close()
    }

    @Test func filesAreTheOwnersOnly() async throws {
        let folder = try BusTestFolder()
        defer { folder.remove() }
        let bus = try await folder.open()
        try await bus.ensureTopics([BusTestFolder.topic()])
        for number in 0..<30 { try await bus.produce([BusTestFolder.record(number, size: 20_000)]) }
        await bus.runMaintenance()
        await bus.close()
        for name in folder.files("") {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.bus + "/" + name)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        #expect(try FileManager.default.attributesOfItem(atPath: folder.bus)[.posixPermissions] as? Int == 0o700)
    }
}

/// A clock that a test moves.
final class TestTime: Sendable {
    private let milliseconds = Mutex<Int64>(1_700_000_000_000)

    var now: Int64 { self.milliseconds.withLock { $0 } }

    func advance(_ milliseconds: Int64) {
        self.milliseconds.withLock { $0 += milliseconds }
    }
}
