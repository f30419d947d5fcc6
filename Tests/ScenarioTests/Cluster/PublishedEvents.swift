import ApusSchema
import Backends
import ClusterBackends
import Events
import Foundation
import KafkaClient
import Logging
import NIOCore
import TestSupport

/// What the topic of published events says became of a run's mail.
struct PublishedEvents: Sendable {
    /// Messages that were accepted.
    var sent: Set<String> = []
    /// Recipients that were delivered to, without repetitions.
    var delivered: Int { self.recipients.count }
    private var recipients: Set<String> = []

    /// Adds the event of a record, as any consumer would read it.
    mutating func add(_ json: ByteBuffer) throws {
        let event = try SESEvent(line: String(buffer: json))
        switch event.type {
        case "Send": self.sent.insert(event.messageID)
        case "Delivery": for recipient in event.recipients { self.recipients.insert("\(event.messageID) \(recipient)") }
        default: break
        }
    }
}

extension ClusterEngines {
    /// Publishes what killed processes have left, and reads what was ever published until it is enough, for 30 s at most.
    func publishedEvents(until isEnough: (PublishedEvents) -> Bool) async throws -> PublishedEvents {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let kafka = try KafkaMessageBus(
            KafkaMessageBus.Configuration(
                kafka: KafkaConfiguration(bootstrapServers: self.kafka.bootstrapServers, sessionTimeout: .seconds(6)), replicas: 1,
                minimumInSyncReplicas: 1, allowsUnsafeReplicas: true, trimInterval: nil),
            logger: log)
        let bus = PrefixedBus(kafka, prefix: self.prefix)
        // As the processes of the run had them, by default.
        try await bus.ensureTopics(
            [Topics.events, Topics.publishedEvents].map {
                TopicDefinition(name: $0, partitions: 12, retention: .bounded(age: .seconds(7 * 86_400), bytes: 1 << 30))
            })
        let publisher = EventPublisher(bus: bus, logger: log)
        var events = PublishedEvents()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await kafka.run() }
            group.addTask { try await publisher.run() }
            defer { publisher.stop() }
            let reader = try await bus.read(topic: Topics.publishedEvents, from: .earliest, follow: true)
            group.addTask {
                try await Task.sleep(for: .seconds(30))
                await reader.close()
            }
            while !isEnough(events), let batch = try await reader.nextBatch() {
                for record in batch { try events.add(record.value) }
            }
            group.cancelAll()
            await reader.close()
        }
        return events
    }
}
