import Backends
import NIOCore
import Synchronization
import Testing

extension MessageBusContract {
    static func boundsBatches() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2)])
            let value = String(repeating: "x", count: 1000)
            try await bus.produce((0..<100).map { self.record(value, partition: $0 % 2) })
            try await bus.produce([self.record(String(repeating: "y", count: 50_000), partition: 0)])
            let configuration = BusConsumerConfiguration(maximumBatchRecords: 7, maximumBatchBytes: 10_000)
            let consumer = try await self.subscribe(bus, configuration: configuration)
            var count = 0
            while count < 101, let batch = try await consumer.nextBatch() {
                #expect(!batch.isEmpty && batch.count <= 7)
                #expect(batch.count == 1 || batch.reduce(0) { $0 + $1.value.readableBytes } <= 10_000)
                count += batch.count
            }
            #expect(count == 101)
        }
    }

    static func readsAgainWhatWasNotCommitted() async throws {
        guard Fixture.abilities.contains(.keepsDataOverReopen) else { return }
        try await self.withBus { fixture, bus in
            try await bus.ensureTopics([self.definition(partitions: 1)])
            try await bus.produce((0..<10).map { self.record("\($0)", partition: 0) })
            let consumer = try await self.subscribe(bus)
            let first = try await self.take(10, from: consumer)
            try await consumer.commit([first[0].topicPartition: first[4].position.offset])
            let reopened = try await fixture.reopenAfterCrash(bus)
            let positions = try await reopened.positions(topic: "mail", group: "worker")
            #expect(positions[0].committed == first[4].position.offset)
            let later = try await self.subscribe(reopened)
            try await reopened.produce([self.record("10", partition: 0)])
            let second = try await self.take(7, from: later)
            #expect(second.map(\.text) == (4..<11).map(String.init))
            #expect(second[0].position == first[4].position)
            await reopened.close()
        }
    }

    static func commitsNeverMoveBack() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 1)])
            try await bus.produce((0..<10).map { self.record("\($0)", partition: 0) })
            let consumer = try await self.subscribe(bus)
            let records = try await self.take(10, from: consumer)
            let partition = records[0].topicPartition
            try await consumer.commit([partition: records[7].position.offset])
            try await consumer.commit([partition: records[3].position.offset])
            #expect(try await bus.positions(topic: "mail", group: "worker")[0].committed == records[7].position.offset)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for record in records.shuffled() { tasks.addTask { try await consumer.commit([partition: record.position.offset]) } }
                try await tasks.waitForAll()
            }
            #expect(try await bus.positions(topic: "mail", group: "worker")[0].committed == records[9].position.offset)
            await consumer.close()
            let next = try await self.subscribe(bus)
            #expect(try await self.take(1, from: next).map(\.text) == ["9"])
        }
    }

    static func refusesCommitsOfOthers() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2), self.definition("other", partitions: 1)])
            let positions = try await bus.produce([self.record("a", partition: 0), self.record("b", partition: 1)])
            let first = RecordingListener()
            let one = try await self.subscribe(bus, rebalance: first)
            let two = try await self.subscribe(bus)
            await first.waitForAssigned(1)
            let own = try #require(first.assigned.keys.first)
            let foreign = try #require(positions.map(\.topicPartition).first { $0 != own })
            #expect(await self.code { try await one.commit([own: 0, foreign: 0]) } == .notOwner)
            #expect(await self.code { try await one.seek(foreign, to: 0) } == .notOwner)
            #expect(await self.code { try await one.commit([TopicPartition(topic: "other", partition: 0): 0]) } == .notOwner)
            try await two.commit([foreign: 1])
            #expect(await self.code { try await one.commit([own: 1]) } == nil)
        }
    }

    static func groupsAreIndependent() async throws {
        try await self.withBus { _, bus in
            let bounded = TopicDefinition(name: "events", partitions: 2, retention: .bounded(age: .seconds(3600), bytes: 1 << 30))
            try await bus.ensureTopics([bounded])
            try await bus.produce((0..<20).map { self.record("\($0)", topic: "events", partition: $0 % 2) })
            for group in ["one", "two"] {
                let consumer = try await self.subscribe(bus, group: group, topics: ["events"])
                let records = try await self.take(20, from: consumer)
                #expect(Set(records.map(\.text)).count == 20)
                try await consumer.commit(Dictionary(records.map { ($0.topicPartition, $0.position.offset + 1) }, uniquingKeysWith: max))
                await consumer.close()
            }
            // Consumed, and kept.
            guard Fixture.abilities.contains(.tellsEnds) else { return }
            #expect(try await self.all(try await bus.read(topic: "events", from: .earliest, follow: false)).count == 20)
        }
    }

    static func membersShareAndTakeOver() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 4)])
            try await bus.produce((0..<40).map { self.record("\($0)", partition: $0 % 4) })
            let first = RecordingListener()
            let one = try await self.subscribe(bus, rebalance: first)
            await first.waitForAssigned(4)
            let second = RecordingListener()
            let two = try await self.subscribe(bus, rebalance: second)
            await first.waitForAssigned(2)
            await second.waitForAssigned(2)
            #expect(Set(first.assigned.keys).isDisjoint(with: second.assigned.keys))
            // Eager assignment takes all away first.
            #expect(Set(first.revoked).isSuperset(of: second.assigned.keys))
            let mine = try await self.take(20, from: two)
            #expect(Set(mine.map(\.topicPartition)) == Set(second.assigned.keys))
            // Half of what the second has is done; the first goes on from there.
            var done: [TopicPartition: Int64] = [:]
            for partition in second.assigned.keys {
                done[partition] = mine.filter { $0.topicPartition == partition }[5].position.offset
            }
            try await two.commit(done)
            await two.close()
            #expect(try await two.nextBatch() == nil)
            await first.waitForAssigned(4)
            for (partition, offset) in done { #expect(first.assigned[partition] == offset) }
            let rest = try await self.take(30, from: one)
            #expect(rest.count == 30)
            #expect(rest.filter { done[$0.topicPartition] != nil }.count == 10)
        }
    }

    static func waitsForTheListener() async throws {
        guard Fixture.abilities.contains(.commitsWhileRevoking) else { return }
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2)])
            try await bus.produce((0..<20).map { self.record("\($0)", partition: $0 % 2) })
            let holder = ConsumerHolder()
            // Work under way is finished and committed while the partition is still owned.
            let first = RecordingListener { partitions in
                guard let consumer = holder.consumer else { return }
                do {
                    try await consumer.commit(Dictionary(uniqueKeysWithValues: partitions.map { ($0, 7) }))
                } catch {
                    Issue.record(error, "a partition that is about to go is still owned")
                }
            }
            let one = try await self.subscribe(bus, rebalance: first)
            holder.consumer = one
            _ = try await self.take(20, from: one)
            let second = RecordingListener()
            let two = try await self.subscribe(bus, rebalance: second)
            await second.waitForAssigned(1)
            await first.waitForAssigned(1)
            #expect(second.assigned.values.allSatisfy { $0 == 7 })
            let taken = try #require(second.assigned.keys.first)
            let records = try await self.take(3, from: two)
            #expect(records.map(\.position.offset) == [7, 8, 9])
            #expect(await self.code { try await one.commit([taken: 9]) } == .notOwner)
        }
    }

    static func pausesAndResumes() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2)])
            let (paused, other) = (TopicPartition(topic: "mail", partition: 0), TopicPartition(topic: "mail", partition: 1))
            try await bus.produce((0..<10).map { self.record("a\($0)", partition: 0) })
            let consumer = try await self.subscribe(bus, configuration: BusConsumerConfiguration(maximumBatchRecords: 4))
            #expect(try await consumer.nextBatch()?.map(\.text) == ["a0", "a1", "a2", "a3"])
            await consumer.pause([paused, TopicPartition(topic: "unknown", partition: 3)])
            async let next = consumer.nextBatch()
            try await bus.produce([self.record("b", partition: 1)])
            #expect(try await next?.map(\.text) == ["b"])
            async let resumed = consumer.nextBatch()
            await consumer.resume([paused, other])
            #expect(try await resumed?.map(\.text) == ["a4", "a5", "a6", "a7"])
        }
    }

    static func seeks() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 1)])
            let positions = try await bus.produce((0..<10).map { self.record("\($0)", partition: 0) })
            let consumer = try await self.subscribe(bus)
            _ = try await self.take(10, from: consumer)
            try await consumer.seek(positions[3].topicPartition, to: positions[3].offset)
            #expect(try await self.take(7, from: consumer).map(\.text) == (3..<10).map(String.init))
            try await consumer.seek(positions[8].topicPartition, to: positions[8].offset)
            #expect(try await self.take(2, from: consumer).map(\.text) == ["8", "9"])
        }
    }

    static func waitsForDataAndForClose() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            let consumer = try await self.subscribe(bus)
            async let batch = consumer.nextBatch()
            try await bus.produce([self.record("news", key: "k")])
            #expect(try await batch?.map(\.text) == ["news"])
            async let ended = consumer.nextBatch()
            await consumer.close()
            await consumer.close()
            #expect(try await ended == nil)
            #expect(await self.code { try await consumer.commit([:]) } == .closed)

            let other = try await self.subscribe(bus, group: "other")
            _ = try await other.nextBatch()
            async let closed = other.nextBatch()
            await bus.close()
            #expect(try await closed == nil)
        }
    }

    static func cancellationLosesNothing() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 1)])
            let consumer = try await self.subscribe(bus)
            let waiting = Task { try await consumer.nextBatch() }
            waiting.cancel()
            #expect(try await waiting.value == nil)
            try await bus.produce((0..<50).map { self.record("\($0)", partition: 0) })
            var seen: [String] = []
            // Cancelled at any moment, a call either hands records out or leaves them for the next.
            for _ in 0..<50 {
                let task = Task { try await consumer.nextBatch() }
                task.cancel()
                seen += try await task.value?.map(\.text) ?? []
            }
            if seen.count < 50 { seen += try await self.take(50 - seen.count, from: consumer).map(\.text) }
            #expect(seen == (0..<50).map(String.init))
        }
    }
}

/// Gives a listener the consumer that exists only after it.
final class ConsumerHolder: Sendable {
    private let held = Mutex<(any BusConsumer)?>(nil)

    var consumer: (any BusConsumer)? {
        get { self.held.withLock { $0 } }
        set { self.held.withLock { $0 = newValue } }
    }
}
