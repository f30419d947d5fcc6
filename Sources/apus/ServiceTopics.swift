import ApusCore
import ApusSchema
import Backends

/// The topics of an embedded service.
enum ServiceTopics {
    /// Those whose retention no setting changes, and those with the default retention.
    static var all: [TopicDefinition] {
        Self.definitions(eventsAge: .seconds(7 * 86_400), eventsBytes: 1 << 30)
    }

    /// Every topic.
    ///
    /// - Parameters:
    ///   - eventsAge: how long events are kept.
    ///   - eventsBytes: how many bytes of events are kept.
    static func definitions(eventsAge: Duration, eventsBytes: Int) -> [TopicDefinition] {
        let outbound = Topics.outbound(queue: Topics.defaultQueue, class: .transactional)
        var topics = [outbound, Topics.submitted].map(Self.mail)
        for tier in DelayTier.allCases {
            topics += [Topics.retry(tier), Topics.hold(tier)].map(Self.mail)
        }
        topics.append(
            TopicDefinition(name: Topics.events, partitions: 1, retention: .bounded(age: eventsAge, bytes: Int64(eventsBytes))))
        // Dead records wait for a person.
        topics.append(
            TopicDefinition(name: Topics.dead, partitions: 1, retention: .bounded(age: .seconds(90 * 86_400), bytes: 1 << 30)))
        return topics
    }

    private static func mail(_ name: String) -> TopicDefinition {
        // One process reads them: more partitions would only cost order.
        TopicDefinition(name: name, partitions: 1, retention: .untilConsumed(group: Topics.group(of: name)))
    }
}
