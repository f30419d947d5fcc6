import ApusCore
import Backends
import Delivery
import NIOCore
import Synchronization
import Testing

@Suite struct RecordWriterTests {
    func record(_ text: String, topic: String = "t") -> OutgoingRecord {
        OutgoingRecord(topic: topic, key: [], value: ByteBuffer(string: text))
    }

    func with(_ body: (RecordWriter, MemoryBus) async throws -> Void) async throws {
        let bus = MemoryBus()
        try await bus.ensureTopics([TopicDefinition(name: "t", partitions: 1, retention: .bounded(age: .seconds(1), bytes: 1))])
        let writer = RecordWriter(bus: bus, clock: SystemDeliveryClock())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await writer.run() }
            defer { writer.abandon() }
            try await body(writer, bus)
        }
    }

    @Test func writesOfManyAreAllThere() async throws {
        try await self.with { writer, bus in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 { group.addTask { try await writer.write([self.record("\(number)"), self.record("x")]) } }
                try await group.waitForAll()
            }
            #expect(bus.records("t").count == 400)
        }
    }

    @Test func busThatWasAwayGetsTheRecordsLater() async throws {
        try await self.with { writer, bus in
            bus.failNext(2)
            try await writer.write([self.record("a")])
            #expect(bus.records("t").count == 1)
        }
    }

    @Test func recordThatDoesNotFitFailsAlone() async throws {
        try await self.with { writer, bus in
            bus.state.withLock { $0.largestRecord = 10 }
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let text = number == 7 ? String(repeating: "x", count: 50) : "small"
                        return (try? await writer.write([self.record(text)])) != nil
                    }
                }
                var written = 0
                for await isWritten in group { written += isWritten ? 1 : 0 }
                #expect(written == 19)
            }
            #expect(bus.records("t").count == 19)
            await #expect(throws: BusError.self) { try await writer.write([self.record("x", topic: "unknown")]) }
        }
    }

    @Test func abandonedWriterRefuses() async throws {
        try await self.with { writer, bus in
            bus.failNext(.max)
            let record = self.record("a")
            async let write = { (try? await writer.write([record])) == nil }()
            writer.abandon()
            let isRefused = await write
            #expect(isRefused)
            await #expect(throws: BusError.self) { try await writer.write([self.record("b")]) }
        }
    }
}
