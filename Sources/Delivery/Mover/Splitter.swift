internal import ApusCore
internal import ApusSchema
package import Backends
internal import CoreMetrics
package import Logging
internal import Metrics
internal import NIOCore
internal import ServiceLifecycle

/// Turns each accepted call with recipients in several domains into one record for each domain.
///
/// A part is told by (message id, domain), so that parts that are written twice, after a crash between produce and commit, are one message
/// to delivery markers.
package final class Splitter: Service {
    private let bus: any MessageBus
    private let clock: any DeliveryClock
    private let logger: Logger
    private let stopSignals: AsyncStream<Void>
    private let stopSignal: AsyncStream<Void>.Continuation

    private let split = Counter(label: "apus_splitter_parts_total")
    private let failures = Counter(label: "apus_splitter_failures_total")

    package init(bus: any MessageBus, clock: any DeliveryClock = SystemDeliveryClock(), logger: Logger) {
        self.bus = bus
        self.clock = clock
        self.logger = logger
        (self.stopSignals, self.stopSignal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Runs until a graceful shutdown or cancellation. May be called once.
    ///
    /// - Throws: when the topic cannot be subscribed to.
    package func run() async throws {
        let consumer = try await self.bus.subscribe(
            group: Topics.splitterGroup, topics: [Topics.submitted], configuration: BusConsumerConfiguration(), rebalance: IgnoringRebalanceListener()
        )
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.work(consumer) }
                for await _ in self.stopSignals { break }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stopSignal.yield()
        }
        await consumer.close()
    }

    /// Stops the splitter as a graceful shutdown does.
    package func stop() {
        self.stopSignal.yield()
    }

    private func work(_ consumer: any BusConsumer) async {
        var pause = Duration.milliseconds(100)
        var blocked: Set<TopicPartition> = []
        while !Task.isCancelled {
            do {
                guard let batch = try await consumer.nextBatch() else { return }
                // Many calls with one wait for the bus, up to a bound: a call's parts may be fifty times what was read.
                var parts = Parts()
                for record in batch where !blocked.contains(record.position.topicPartition) {
                    guard let records = try self.parts(of: record) else {
                        blocked.insert(record.position.topicPartition)
                        await consumer.pause([record.position.topicPartition])
                        continue
                    }
                    parts.add(records, of: record.position)
                    if parts.isEnough {
                        guard await self.put(parts, consumer) else { return }
                        parts = Parts()
                    }
                }
                guard await self.put(parts, consumer) else { return }
                pause = .milliseconds(100)
            } catch {
                self.failures.increment()
                self.logger.error("submitted messages cannot be split", metadata: ["error": "\(error)"])
                do { try await self.clock.sleep(for: pause) } catch { return }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// What a number of calls became, not written yet.
    private struct Parts {
        var records: [OutgoingRecord] = []
        var octets = 0
        /// Behind the calls, per partition.
        var offsets: [TopicPartition: Int64] = [:]

        var isEnough: Bool { self.records.count >= 1000 || self.octets >= 8 << 20 }

        mutating func add(_ records: [OutgoingRecord], of position: RecordPosition) {
            self.records += records
            self.octets += records.reduce(0) { $0 + $1.value.readableBytes }
            self.offsets[position.topicPartition] = position.offset + 1
        }
    }

    /// Writes parts and commits behind their calls.
    ///
    /// - Returns: false when the splitter is to end.
    private func put(_ parts: Parts, _ consumer: any BusConsumer) async -> Bool {
        guard !parts.offsets.isEmpty else { return true }
        guard await self.write(parts.records) else { return false }
        do {
            try await consumer.commit(parts.offsets)
        } catch {
            // The rest of the batch must be split all the same. The next commit covers this one; at worst calls are split once more after a
            // restart, and the markers drop the copies.
            self.failures.increment()
            self.logger.warning("an offset could not be committed", metadata: ["error": "\(error)"])
        }
        return true
    }

    /// - Returns: the records of a call; a dead letter for bytes that are none; nil for a newer version's.
    private func parts(of record: BusRecord) throws -> [OutgoingRecord]? {
        guard let submitted = try? RecordCoding.decode(Apus_V1_SubmittedMessage.self, from: record.value), submitted.schema > 0,
            submitted.hasMessage, !submitted.parts.isEmpty
        else {
            self.failures.increment()
            self.logger.error("a record went to the dead topic", metadata: ["offset": "\(record.position.offset)"])
            return [try DeadLetters.record(of: record, reason: "the bytes are not a SubmittedMessage with parts", at: self.clock.now())]
        }
        guard submitted.schema <= SchemaVersion.current else {
            self.logger.critical(
                "a record was written by a newer version: its partition waits for an upgrade of this splitter",
                metadata: ["offset": "\(record.position.offset)", "schema": "\(submitted.schema)"])
            return nil
        }
        return try submitted.parts.map { part in
            var message = submitted.message
            message.destination = part.destination
            message.recipients = part.recipients
            let queue = message.queue.isEmpty ? Topics.defaultQueue : message.queue
            self.split.increment()
            return OutgoingRecord(
                topic: Topics.outbound(queue: queue, class: Topics.deliveryClass(of: message.resumeTopic)), key: Array(part.destination.utf8),
                value: try RecordCoding.encode(message))
        }
    }

    /// - Returns: false when the splitter is to end.
    private func write(_ records: [OutgoingRecord]) async -> Bool {
        var pause = Duration.milliseconds(100)
        while true {
            do {
                try await self.bus.produce(records)
                return true
            } catch {
                self.failures.increment()
                self.logger.error("parts cannot be written", metadata: ["error": "\(error)"])
                if (error as? BusError)?.code == .closed { return false }
                do { try await self.clock.sleep(for: pause) } catch { return false }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }
}
