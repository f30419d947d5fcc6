import Backends
import NIOCore
import Testing

extension MessageBusContract {
    static func readsFromAnywhere() async throws {
        guard Fixture.abilities.contains(.tellsEnds) else { return }
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2, group: "nobody")])
            try await bus.produce((0..<10).map { self.record("\($0)", partition: $0 % 2) })
            let everything = try await self.all(try await bus.read(topic: "mail", from: .earliest, follow: false))
            #expect(Set(everything.map(\.text)) == Set((0..<10).map(String.init)))
            #expect(try await self.all(try await bus.read(topic: "mail", from: .latest, follow: false)).isEmpty)
            let consumer = try await self.subscribe(bus)
            let records = try await self.take(10, from: consumer)
            let partition = TopicPartition(topic: "mail", partition: 1)
            let third = records.filter { $0.topicPartition == partition }[2]
            try await consumer.commit([partition: third.position.offset])
            let rest = try await self.all(try await bus.read(topic: "mail", from: .committed(group: "worker"), follow: false))
            #expect(Set(rest.map(\.text)) == ["0", "2", "4", "6", "8", "5", "7", "9"])
            // Reading moved nobody.
            let positions = try await bus.positions(topic: "mail", group: "worker")
            #expect(positions[1].committed == third.position.offset && positions[0].committed == nil)
        }
    }

    static func follows() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2, group: "nobody")])
            try await bus.produce([self.record("old", partition: 0)])
            let reader = try await bus.read(topic: "mail", from: .latest, follow: true)
            async let batch = reader.nextBatch()
            try await bus.produce([self.record("new", partition: 1)])
            #expect(try await batch?.map(\.text) == ["new"])
            async let ended = reader.nextBatch()
            await reader.close()
            #expect(try await ended == nil)
        }
    }

    static func tellsPositions() async throws {
        try await self.withBus { _, bus in
            try await bus.ensureTopics([self.definition(partitions: 2)])
            let empty = try await bus.positions(topic: "mail", group: "worker")
            #expect(empty.allSatisfy { $0.start == $0.end && $0.committed == nil })
            let positions = try await bus.produce((0..<5).map { self.record("\($0)", partition: 1) })
            let consumer = try await self.subscribe(bus)
            _ = try await self.take(5, from: consumer)
            try await consumer.commit([positions[0].topicPartition: positions[2].offset])
            let told = try await bus.positions(topic: "mail", group: "worker")
            #expect(told.map(\.topicPartition.partition) == [0, 1])
            if Fixture.abilities.contains(.tellsEnds) { #expect(told[1].end == positions[4].offset + 1) }
            #expect(told[1].committed == positions[2].offset)
            #expect(told[1].start <= positions[2].offset)
            #expect(try await bus.positions(topic: "mail", group: nil)[1].committed == nil)
        }
    }
}
