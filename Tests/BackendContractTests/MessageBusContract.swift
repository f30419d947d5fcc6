import Backends
import NIOCore
import Synchronization
import Testing

/// What every ``MessageBus`` promises, as test bodies over any implementation. A suite per implementation calls them, see
/// `MessageBusContract+Embedded.swift`.
struct MessageBusContract<Fixture: MessageBusFixture> {
    static func withBus(_ body: (Fixture, any MessageBus) async throws -> Void) async throws {
        let fixture = try await Fixture.make()
        let bus = try await fixture.open()
        do {
            try await body(fixture, bus)
        } catch {
            await bus.close()
            await fixture.tearDown()
            throw error
        }
        await bus.close()
        await fixture.tearDown()
    }

    static func definition(_ name: String = "mail", partitions: Int = 4, group: String = "worker") -> TopicDefinition {
        TopicDefinition(name: name, partitions: partitions, retention: .untilConsumed(group: group))
    }

    static func record(_ value: String, key: String = "", topic: String = "mail", partition: Int? = nil) -> OutgoingRecord {
        OutgoingRecord(topic: topic, key: Array(key.utf8), value: ByteBuffer(string: value), partition: partition)
    }

    static func subscribe(
        _ bus: any MessageBus, group: String = "worker", topics: [String] = ["mail"],
        configuration: BusConsumerConfiguration = BusConsumerConfiguration(),
        rebalance: any BusRebalanceListener = IgnoringRebalanceListener()
    ) async throws -> any BusConsumer {
        try await bus.subscribe(group: group, topics: topics, configuration: configuration, rebalance: rebalance)
    }

    /// Reads until there are this many records.
    static func take(_ count: Int, from consumer: any BusConsumer) async throws -> [BusRecord] {
        var records: [BusRecord] = []
        while records.count < count {
            guard let batch = try await consumer.nextBatch() else { break }
            records.append(contentsOf: batch)
        }
        return records
    }

    static func all(_ reader: any BusReader) async throws -> [BusRecord] {
        var records: [BusRecord] = []
        while let batch = try await reader.nextBatch() { records.append(contentsOf: batch) }
        return records
    }

    /// The code of the error that a call throws; nil when it throws none.
    static func code(_ body: () async throws -> Void) async -> BusError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? BusError)?.code
        }
    }
}

extension BusRecord {
    var text: String { String(buffer: self.value) }
    var topicPartition: TopicPartition { self.position.topicPartition }
}

/// Notes what a listener is told, and can be made to wait.
final class RecordingListener: BusRebalanceListener {
    struct State {
        var assigned: [TopicPartition: Int64] = [:]
        var revoked: [TopicPartition] = []
    }

    private let state = Mutex(State())
    private let revoking: @Sendable ([TopicPartition]) async -> Void

    init(revoking: @escaping @Sendable ([TopicPartition]) async -> Void = { _ in }) {
        self.revoking = revoking
    }

    var assigned: [TopicPartition: Int64] { self.state.withLock { $0.assigned } }
    var revoked: [TopicPartition] { self.state.withLock { $0.revoked } }

    func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {
        self.state.withLock { $0.assigned.merge(partitions) { $1 } }
    }

    func partitionsRevoking(_ partitions: [TopicPartition]) async {
        await self.revoking(partitions)
        self.state.withLock { state in
            state.revoked.append(contentsOf: partitions)
            for partition in partitions { state.assigned[partition] = nil }
        }
    }
}
