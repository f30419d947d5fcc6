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
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let revoking: @Sendable ([TopicPartition]) async -> Void

    init(revoking: @escaping @Sendable ([TopicPartition]) async -> Void = { _ in }) {
        self.revoking = revoking
    }

    var assigned: [TopicPartition: Int64] { self.state.withLock { $0.assigned } }
    var revoked: [TopicPartition] { self.state.withLock { $0.revoked } }

    /// Waits until this many partitions are assigned: members of a group learn of a change one after the other. The suite's time limit bounds it.
    func waitForAssigned(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                if state.assigned.count == count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func partitionsAssigned(_ partitions: [TopicPartition: Int64]) async {
        let ready = self.state.withLock { state in
            state.assigned.merge(partitions) { $1 }
            let ready = state.waiters.filter { $0.count == state.assigned.count }
            state.waiters.removeAll { $0.count == state.assigned.count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func partitionsRevoking(_ partitions: [TopicPartition]) async {
        await self.revoking(partitions)
        let ready = self.state.withLock { state in
            state.revoked.append(contentsOf: partitions)
            for partition in partitions { state.assigned[partition] = nil }
            let ready = state.waiters.filter { $0.count == state.assigned.count }
            state.waiters.removeAll { $0.count == state.assigned.count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }
}
