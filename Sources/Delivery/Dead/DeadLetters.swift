internal import ApusCore
internal import ApusSchema
package import Backends
internal import NIOCore
internal import struct Foundation.Data

/// What could not be handled: the topic `apus.dead`, which the worker, the mover and the splitter write and an operator empties.
///
/// A letter that was dealt with stays in the log, followed by a record that says how; so nothing is needed beside the log, and a process
/// that ends between the two leaves a letter that is dealt with once more. Delivery markers and the events' ids keep that without effect.
package struct DeadLetters: Sendable {
    private let bus: any MessageBus
    private let events: EventFactory
    private let records = OutcomeRecords(ladder: .standard)
    private let clock: any DeliveryClock

    /// - Parameters:
    ///   - bus: where they are.
    ///   - reportingMTA: this side's name in bounces.
    ///   - defaultLifetime: how long delivery is tried for where the sender set no deadline.
    package init(
        bus: any MessageBus, reportingMTA: String, defaultLifetime: Duration, clock: any DeliveryClock = SystemDeliveryClock()
    ) {
        self.bus = bus
        self.events = EventFactory(reportingMTA: reportingMTA, defaultLifetime: defaultLifetime)
        self.clock = clock
    }

    /// The record as it was, and why it could not be handled.
    static func record(of record: BusRecord, reason: String, at now: UnixMilliseconds) throws -> OutgoingRecord {
        var dead = Apus_V1_DeadRecord()
        dead.topic = record.position.topicPartition.topic
        dead.partition = Int32(clamping: record.position.topicPartition.partition)
        dead.offset = record.position.offset
        dead.key = Data(record.key)
        dead.value = record.value.withUnsafeReadableBytes { Data($0) }
        dead.reason = reason
        dead.diedAtMs = now.rawValue
        return try Self.record(dead)
    }

    private static func record(_ dead: Apus_V1_DeadRecord) throws -> OutgoingRecord {
        OutgoingRecord(topic: Topics.dead, key: Array(DeadLetter.id(of: dead).utf8), value: try RecordCoding.encode(dead))
    }

    /// Those that nobody has dealt with, the oldest first.
    ///
    /// - Throws: `BusError`.
    package func waiting() async throws -> [DeadLetter] {
        var order: [String] = []
        var letters: [String: DeadLetter] = [:]
        let reader = try await self.bus.read(topic: Topics.dead, from: .earliest, follow: false)
        do {
            while let batch = try await reader.nextBatch() {
                for record in batch {
                    guard let dead = try? RecordCoding.decode(Apus_V1_DeadRecord.self, from: record.value) else { continue }
                    let id = DeadLetter.id(of: dead)
                    if dead.settlement.isEmpty {
                        // A copy of one that is there: its process ended before it could commit.
                        if letters.updateValue(DeadLetter(dead), forKey: id) == nil { order.append(id) }
                    } else {
                        letters[id] = nil
                        order.removeAll { $0 == id }
                    }
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return order.compactMap { letters[$0] }
    }

    /// Puts a letter back where it was read, for programs that can handle it now.
    ///
    /// - Throws: `BusError`.
    package func requeue(_ letter: DeadLetter) async throws {
        try await self.bus.produce([
            OutgoingRecord(topic: letter.dead.topic, key: Array(letter.dead.key), value: ByteBuffer(bytes: letter.dead.value))
        ])
        try await self.settle(letter, as: "requeued")
    }

    /// Tells the sender: a Bounce event for each recipient, in one event.
    ///
    /// - Throws: `BusError`; ``DeadLetterError`` where the letter does not say who its recipients are.
    package func bounce(_ letter: DeadLetter) async throws {
        guard let message = letter.message else {
            throw DeadLetterError("\(letter.id) cannot be bounced: its bytes do not say whose it is and to whom. `apus dead discard` drops it")
        }
        let now = self.clock.now()
        let failure = DeliveryFailure(
            failure: .permanent, bounce: .permanent, delay: .internalFailure, status: "5.3.0",
            diagnostic: "554 5.3.0 The message could not be handled and was given up by the operator")
        let outcomes = self.events.outcomes(
            of: message, recipients: message.recipients, results: message.recipients.map { _ in .failed(failure) },
            attempt: Int(message.attempt) + 1, at: now, place: AttemptPlace(), notBefore: now)
        let records = try self.records.records(
            of: message, outcomes: Array(zip(message.recipients, outcomes)), now: now, resumeTopic: letter.dead.topic)
        try await self.bus.produce(records)
        try await self.settle(letter, as: "bounced")
    }

    /// Drops a letter: nobody is told.
    ///
    /// - Throws: `BusError`.
    package func discard(_ letter: DeadLetter) async throws {
        try await self.settle(letter, as: "discarded")
    }

    private func settle(_ letter: DeadLetter, as settlement: String) async throws {
        var settled = Apus_V1_DeadRecord()
        settled.topic = letter.dead.topic
        settled.partition = letter.dead.partition
        settled.offset = letter.dead.offset
        settled.settlement = settlement
        settled.diedAtMs = self.clock.now().rawValue
        try await self.bus.produce([try Self.record(settled)])
    }
}
