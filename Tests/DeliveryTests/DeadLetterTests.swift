import ApusCore
import ApusSchema
import Backends
import Delivery
import MailSink
import NIOCore
import Testing

@Suite struct DeadLetterTests {
    private static func letters(on bus: any MessageBus) -> DeadLetters {
        DeadLetters(bus: bus, reportingMTA: "out.example.net", defaultLifetime: .seconds(3600))
    }

    /// A letter of a message with one recipient twice, which no worker takes.
    private static func die(_ stage: WorkerStage, _ number: Int) async throws {
        var message = Messages.message(number, to: ["a@x.test"])
        message.recipients = ["a@x.test", "a@x.test", "b@x.test"]
        try await stage.bus.produce([try Messages.record(message)])
    }

    @Test func aRequeuedLetterGoesBackToWhereItWasRead() async throws {
        try await WorkerStage.run { stage in
            try await Self.die(stage, 1)
            try await stage.drained()
            let letters = Self.letters(on: stage.bus)
            let first = try await letters.waiting()
            #expect(first.count == 1 && first[0].reason.contains("twice"))
            #expect(first[0].message?.recipients == ["a@x.test", "b@x.test"])
            try await letters.requeue(first[0])
            try await stage.drained()
            // No program of this version can handle it either: it died again, at another place, and the first is dealt with.
            let second = try await letters.waiting()
            #expect(second.count == 1 && second[0].id != first[0].id)
            #expect(stage.sink.statistics.messages == 0)
        }
    }

    @Test func aBouncedLetterTellsTheSenderOnceForEachRecipient() async throws {
        try await WorkerStage.run { stage in
            try await Self.die(stage, 1)
            try await Self.die(stage, 2)
            try await stage.drained()
            let letters = Self.letters(on: stage.bus)
            let waiting = try await letters.waiting()
            try await letters.bounce(waiting[0])
            #expect(try await letters.waiting().map(\.id) == [waiting[1].id])
            let events = try stage.bus.records(Topics.events).map { try RecordCoding.decode(Apus_V1_SendingEvent.self, from: $0.value) }
            #expect(events.count == 1)
            #expect(events[0].messageID == waiting[0].message?.messageID)
            #expect(events[0].bounce.recipients.map(\.emailAddress) == ["a@x.test", "b@x.test"])
            #expect(events[0].bounce.bounceType == "Permanent" && events[0].bounce.recipients[0].status == "5.3.0")
            // A process that ended between the event and the settlement: the same event, which readers know by its id.
            try await letters.bounce(waiting[0])
            let again = try stage.bus.records(Topics.events).map { try RecordCoding.decode(Apus_V1_SendingEvent.self, from: $0.value) }
            #expect(Set(again.map(\.eventID)).count == 1)
        }
    }

    @Test func bytesThatTellNothingCanOnlyBeDropped() async throws {
        try await WorkerStage.run { stage in
            try await stage.bus.produce([OutgoingRecord(topic: WorkerStage.topic, key: [7], value: ByteBuffer(bytes: [0xff, 0x01]))])
            try await stage.drained()
            let letters = Self.letters(on: stage.bus)
            let letter = try #require(try await letters.waiting().first)
            #expect(letter.message == nil)
            await #expect(throws: DeadLetterError.self) { try await letters.bounce(letter) }
            #expect(try await letters.waiting().count == 1)
            try await letters.discard(letter)
            #expect(try await letters.waiting().isEmpty)
            #expect(stage.bus.records(Topics.events).isEmpty)
        }
    }
}
