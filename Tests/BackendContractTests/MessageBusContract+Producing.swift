import Backends
import NIOCore
import Testing

extension MessageBusContract {
    static func keepsOrderInAPartition() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            var positions: [RecordPosition] = []
            for call in 0..<20 {
                let records = (0..<5).map { self.record("\(call * 5 + $0)", partition: 2) }
                positions += try await bus.produce(records)
            }
            #expect(positions.count == 100)
            #expect(positions.allSatisfy { $0.topicPartition == TopicPartition(topic: "mail", partition: 2) })
            #expect(zip(positions, positions.dropFirst()).allSatisfy { $0.offset < $1.offset })
            let records = try await self.take(100, from: try await self.subscribe(bus))
            #expect(records.map(\.text) == (0..<100).map(String.init))
            #expect(records.map(\.position) == positions)
            #expect(zip(records, records.dropFirst()).allSatisfy { $0.appendedAt <= $1.appendedAt })
        }
    }

    static func sendsAKeyToOnePartition() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            let keys = (0..<200).map { "key-\($0 % 20)" }
            let positions = try await bus.produce(keys.map { self.record($0, key: $0) })
            var places: [String: Set<Int>] = [:]
            for (key, position) in zip(keys, positions) { places[key, default: []].insert(position.topicPartition.partition) }
            #expect(places.values.allSatisfy { $0.count == 1 })
            #expect(Set(places.values.flatMap { $0 }).count > 1)
            let records = try await self.take(200, from: try await self.subscribe(bus))
            #expect(records.allSatisfy { $0.key == Array($0.text.utf8) })
        }
    }

    static func carriesEmptyAndLargeValues() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            let large = ByteBuffer(bytes: (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            try await bus.produce([
                self.record("", partition: 0),
                OutgoingRecord(topic: "mail", key: [0, 255, 10], value: large, partition: 0),
                self.record("after", partition: 0),
            ])
            let records = try await self.take(3, from: try await self.subscribe(bus))
            #expect(records[0].value.readableBytes == 0 && records[0].key.isEmpty)
            #expect(records[1].value == large && records[1].key == [0, 255, 10])
            #expect(records[2].text == "after")
        }
    }

    static func keepsEveryRecordOfConcurrentProducers() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            let positions = try await withThrowingTaskGroup(of: [RecordPosition].self) { tasks in
                for producer in 0..<32 {
                    tasks.addTask {
                        var positions: [RecordPosition] = []
                        for number in 0..<20 {
                            positions += try await bus.produce([
                                self.record("\(producer)/\(number)", key: "\(producer)"),
                                self.record("\(producer)/\(number)+", key: "\(producer)"),
                            ])
                        }
                        return positions
                    }
                }
                return try await tasks.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(positions).count == 1280)
            let records = try await self.take(1280, from: try await self.subscribe(bus))
            #expect(Set(records.map(\.text)).count == 1280)
            #expect(Set(records.map(\.position)) == Set(positions))
            for producer in 0..<32 {
                let own = records.filter { $0.key == Array("\(producer)".utf8) }.map(\.text)
                #expect(own == (0..<20).flatMap { ["\(producer)/\($0)", "\(producer)/\($0)+"] })
            }
        }
    }

    static func refusesWhatItCannotCarry() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            let huge = OutgoingRecord(topic: "mail", key: [], value: ByteBuffer(repeating: 1, count: 64 << 20), partition: 0)
            #expect(await self.code { try await bus.produce([self.record("small", partition: 0), huge]) } == .recordTooLarge)
            #expect(await self.code { try await bus.produce([self.record("x", partition: 99)]) } == .invalidArgument)
            if Fixture.abilities.contains(.refusesUnknownTopics) {
                #expect(await self.code { try await bus.produce([self.record("x", topic: "other")]) } == .unknownTopic)
                #expect(await self.code { _ = try await self.subscribe(bus, topics: ["other"]) } == .unknownTopic)
                #expect(await self.code { _ = try await bus.positions(topic: "other", group: nil) } == .unknownTopic)
                #expect(await self.code { _ = try await bus.read(topic: "other", from: .earliest, follow: false) } == .unknownTopic)
            }
            // Nothing of a refused call was written.
            try await bus.produce([self.record("good", partition: 0)])
            let records = try await self.take(1, from: try await self.subscribe(bus))
            #expect(records.map(\.text) == ["good"])
        }
    }

    static func checksTopics() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 4), self.definition("other", partitions: 1)])
            try await bus.ensureTopics([self.definition(partitions: 4)])
            try await bus.ensureTopics([self.definition(partitions: 2)])
            #expect(await self.code { try await bus.ensureTopics([self.definition(partitions: 8)]) } == .topicMismatch)
            #expect(try await bus.positions(topic: "mail", group: nil).count == 4)
            #expect(try await bus.positions(topic: "other", group: nil).count == 1)
        }
    }

    static func refusesAfterClose() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition()])
            await bus.close()
            await bus.close()
            #expect(await self.code { try await bus.produce([self.record("late")]) } == .closed)
            #expect(await self.code { _ = try await self.subscribe(bus) } == .closed)
        }
    }
}
