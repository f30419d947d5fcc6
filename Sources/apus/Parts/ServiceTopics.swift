import ApusCore
import ApusSchema
import Backends

/// The topics of an installation.
struct ServiceTopics: Sendable {
    /// Mail to be delivered: what people wait for, and what is sent to many.
    static let outbound = [Topics.DeliveryClass.transactional, .bulk].map { Topics.outbound(queue: Topics.defaultQueue, class: $0) }

    /// Those in which mail waits, and where records wait that nobody could handle.
    static var waiting: [String] {
        Self.outbound + [Topics.submitted] + DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] } + [Topics.dead]
    }

    /// Every topic.
    let definitions: [TopicDefinition]

    /// - Parameters:
    ///   - partitions: of each topic that many processes share. One where one process reads them: more would only cost order.
    ///   - eventsAge: how long events are kept.
    ///   - eventsBytes: how many bytes of events are kept.
    ///   - publishesEvents: whether there is a topic of events for others.
    init(partitions: Int, eventsAge: Duration, eventsBytes: Int, publishesEvents: Bool) {
        self.definitions =
            Self.waiting.map { name in
                // Dead records wait for a person.
                name == Topics.dead
                    ? TopicDefinition(name: name, partitions: 1, retention: .bounded(age: .seconds(90 * 86_400), bytes: 1 << 30))
                    : TopicDefinition(name: name, partitions: partitions, retention: .untilConsumed(group: Topics.group(of: name)))
            }
            + ([Topics.events] + (publishesEvents ? [Topics.publishedEvents] : [])).map {
                TopicDefinition(name: $0, partitions: partitions, retention: .bounded(age: eventsAge, bytes: Int64(eventsBytes)))
            }
    }
}
