internal import ApusCore
internal import ApusSchema
package import Backends
internal import CoreMetrics
package import Logging
internal import Metrics
internal import NIOCore
internal import Pipes
internal import SESModel
internal import ServiceLifecycle

/// Brings events out of Apus: each as SES's event JSON, a record of ``Topics/publishedEvents`` that any Kafka client can read.
///
/// The key is the message id, so that a message's events stay in one partition, in their order. At least once: an event that is written again
/// after a crash is the same text.
package final class EventPublisher: Service {
    private let pipe: RecordPipe

    package init(bus: any MessageBus, logger: Logger) {
        let failures = Counter(label: "apus_publisher_failures_total")
        let published = Dictionary(
            uniqueKeysWithValues: EventJSON.Kind.allCases.map { kind in
                (kind, Counter(label: "apus_publisher_events_total", dimensions: [("type", kind.rawValue)]))
            })
        self.pipe = RecordPipe(bus: bus, group: Topics.publisherGroup, topic: Topics.events, failures: failures, logger: logger) { record in
            guard let event = try? RecordCoding.decode(Apus_V1_SendingEvent.self, from: record.value), event.schema > 0 else {
                // It stays where it was read until events are too old; there is no mail that depends on it.
                failures.increment()
                logger.error(
                    "a record is no event and was left out",
                    metadata: ["partition": "\(record.position.topicPartition.partition)", "offset": "\(record.position.offset)"])
                return .records([])
            }
            var json: [UInt8] = []
            guard event.schema <= SchemaVersion.current, let kind = EventJSON.kind(of: event), EventJSON.encode(event, into: &json) else {
                return .newerSchema(event.schema)
            }
            published[kind]?.increment()
            return .records([OutgoingRecord(topic: Topics.publishedEvents, key: Array(event.messageID.utf8), value: ByteBuffer(bytes: json))])
        }
    }

    /// Runs until a graceful shutdown or cancellation. May be called once.
    ///
    /// - Throws: when the topic cannot be subscribed to.
    package func run() async throws {
        try await self.pipe.run()
    }

    /// Stops the publisher as a graceful shutdown does.
    package func stop() {
        self.pipe.stop()
    }
}
