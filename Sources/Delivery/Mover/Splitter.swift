internal import ApusCore
internal import ApusSchema
package import Backends
internal import CoreMetrics
package import Logging
internal import Metrics
internal import NIOCore
internal import Pipes
internal import ServiceLifecycle

/// Turns each accepted call with recipients in several domains into one record for each domain.
///
/// A part is told by (message id, domain), so that parts that are written twice, after a crash between produce and commit, are one message
/// to delivery markers.
package final class Splitter: Service {
    private let pipe: RecordPipe

    package init(bus: any MessageBus, clock: any DeliveryClock = SystemDeliveryClock(), logger: Logger) {
        let split = Counter(label: "apus_splitter_parts_total")
        let failures = Counter(label: "apus_splitter_failures_total")
        self.pipe = RecordPipe(bus: bus, group: Topics.splitterGroup, topic: Topics.submitted, failures: failures, logger: logger) { record in
            guard let submitted = try? RecordCoding.decode(Apus_V1_SubmittedMessage.self, from: record.value), submitted.schema > 0,
                submitted.hasMessage, !submitted.parts.isEmpty
            else {
                failures.increment()
                logger.error("a record went to the dead topic", metadata: ["offset": "\(record.position.offset)"])
                return .records([try DeadLetters.record(of: record, reason: "the bytes are not a SubmittedMessage with parts", at: clock.now())])
            }
            guard submitted.schema <= SchemaVersion.current else { return .newerSchema(submitted.schema) }
            split.increment(by: submitted.parts.count)
            return .records(try submitted.parts.map { try Self.record(of: $0, message: submitted.message) })
        }
    }

    /// Runs until a graceful shutdown or cancellation. May be called once.
    ///
    /// - Throws: when the topic cannot be subscribed to.
    package func run() async throws {
        try await self.pipe.run()
    }

    /// Stops the splitter as a graceful shutdown does.
    package func stop() {
        self.pipe.stop()
    }

    private static func record(of part: Apus_V1_SubmittedMessage.Part, message: Apus_V1_OutboundMessage) throws -> OutgoingRecord {
        var message = message
        message.destination = part.destination
        message.recipients = part.recipients
        let queue = message.queue.isEmpty ? Topics.defaultQueue : message.queue
        return OutgoingRecord(
            topic: Topics.outbound(queue: queue, class: Topics.deliveryClass(of: message.resumeTopic)), key: Array(part.destination.utf8),
            value: try RecordCoding.encode(message))
    }
}
