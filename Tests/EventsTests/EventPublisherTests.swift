import ApusSchema
import Backends
import EmbeddedBackends
import Events
import Foundation
import Logging
import NIOCore
import SESModel
import SwiftProtobuf
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventPublisherTests {
    private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs with a bus of its own that has the topics of events.
    private func with(_ body: (SegmentMessageBus) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-events-\(UUID().uuidString)").path
        let bus = try await SegmentMessageBus.open(folder: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await bus.ensureTopics(
            [Topics.events, Topics.publishedEvents].map {
                TopicDefinition(name: $0, partitions: 2, retention: .bounded(age: .seconds(3600), bytes: 1 << 30))
            })
        do {
            try await body(bus)
        } catch {
            await bus.close()
            throw error
        }
        await bus.close()
    }

    /// Runs a publisher until a number of records of its own topic's is published.
    private func publish(_ bus: SegmentMessageBus, until count: Int) async throws -> [BusRecord] {
        let publisher = EventPublisher(bus: bus, logger: Self.log)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            defer { publisher.stop() }
            return try await self.records(bus, atLeast: count)
        }
    }

    private func records(_ bus: SegmentMessageBus, atLeast count: Int) async throws -> [BusRecord] {
        let reader = try await bus.read(topic: Topics.publishedEvents, from: .earliest, follow: true)
        var records: [BusRecord] = []
        while records.count < count, let batch = try await reader.nextBatch() { records += batch }
        await reader.close()
        return records
    }

    private func event(_ number: Int, schema: UInt32 = 1, _ kind: Apus_V1_SendingEvent.OneOf_Event = .send(.init())) -> Apus_V1_SendingEvent {
        var event = Apus_V1_SendingEvent()
        event.schema = schema
        event.messageID = "m\(number)"
        event.mail.destination = ["x@example.net"]
        event.event = kind
        return event
    }

    private func put(_ events: [Apus_V1_SendingEvent], partition: Int = 0, on bus: SegmentMessageBus) async throws {
        try await bus.produce(
            try events.map {
                OutgoingRecord(topic: Topics.events, key: Array($0.messageID.utf8), value: try RecordCoding.encode($0), partition: partition)
            })
    }

    private func lag(_ bus: SegmentMessageBus) async throws -> Int64 {
        try await bus.positions(topic: Topics.events, group: Topics.publisherGroup).reduce(0) { $0 + $1.end - ($1.committed ?? $1.start) }
    }

    @Test func eventsBecomeJSONUnderTheirMessageID() async throws {
        try await self.with { bus in
            let events = [self.event(1), self.event(2, .reject(.with { $0.reason = "Bad content" })), self.event(1, .delivery(.init()))]
            try await self.put(events, on: bus)
            let published = try await self.publish(bus, until: 3)
            var expected: Set<String> = []
            for event in events {
                var line: [UInt8] = []
                #expect(EventJSON.encode(event, into: &line))
                expected.insert("\(event.messageID) \(String(decoding: line, as: UTF8.self))")
            }
            #expect(Set(published.map { "\(String(decoding: $0.key, as: UTF8.self)) \(String(buffer: $0.value))" }) == expected)
            // One message's events are in one partition, in their order.
            let first = published.filter { $0.key == Array("m1".utf8) }
            #expect(Set(first.map(\.position.topicPartition)).count == 1)
            #expect(first.map { String(buffer: $0.value).prefix(19) } == [#"{"eventType":"Send""#, #"{"eventType":"Deliv"#])
        }
    }

    @Test func theNextPublisherGoesOnWhereTheLastOneStopped() async throws {
        try await self.with { bus in
            try await self.put((0..<10).map { self.event($0) }, on: bus)
            _ = try await self.publish(bus, until: 10)
            #expect(try await self.lag(bus) == 0)
            try await self.put((10..<12).map { self.event($0) }, on: bus)
            let all = try await self.publish(bus, until: 12)
            #expect(all.count == 12 && Set(all.map(\.key)).count == 12)
        }
    }

    @Test func bytesThatAreNoEventAreLeftOut() async throws {
        try await self.with { bus in
            try await bus.produce([OutgoingRecord(topic: Topics.events, key: [], value: ByteBuffer(bytes: [0xff]), partition: 0)])
            try await self.put([self.event(1)], on: bus)
            #expect(try await self.publish(bus, until: 1).map(\.key) == [Array("m1".utf8)])
            #expect(try await self.lag(bus) == 0)
        }
    }

    /// Neither a newer schema nor a kind that this version does not know is passed over: its partition waits, the others go on.
    @Test(arguments: [(schema: UInt32(2), isKnown: true), (schema: 1, isKnown: false)])
    func aNewerEventWaitsForANewerPublisher(schema: UInt32, isKnown: Bool) async throws {
        try await self.with { bus in
            var newer = self.event(1, schema: schema)
            if !isKnown { newer.event = nil }
            try await self.put([newer, self.event(2)], partition: 0, on: bus)
            try await self.put([self.event(3)], partition: 1, on: bus)
            #expect(try await self.publish(bus, until: 1).map(\.key) == [Array("m3".utf8)])
            #expect(try await self.lag(bus) == 2)
        }
    }
}
