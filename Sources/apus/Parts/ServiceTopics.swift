import ApusCore
import ApusSchema
import Backends

/// The topics of an installation: those of each queue, and those that are there once.
struct ServiceTopics: Sendable {
    /// Of each topic that many processes share.
    let partitions: Int
    /// How long events are kept.
    let eventsAge: Duration
    /// How many bytes of events are kept.
    let eventsBytes: Int
    /// Whether there is a topic of events for others.
    let publishesEvents: Bool

    /// Those in which mail waits, and where records wait that nobody could handle.
    static func waiting(queues: Set<String>) -> [String] {
        queues.sorted().flatMap(Topics.outbound(queue:)) + [Topics.submitted]
            + DelayTier.allCases.flatMap { [Topics.retry($0), Topics.hold($0)] } + [Topics.dead]
    }

    /// The topics of one queue.
    func definitions(ofQueue queue: String) -> [TopicDefinition] {
        Topics.outbound(queue: queue).map(self.mail)
    }

    /// Every topic.
    func definitions(queues: Set<String>) -> [TopicDefinition] {
        Self.waiting(queues: queues).map { name in
            // Dead records wait for a person.
            name == Topics.dead
                ? TopicDefinition(name: name, partitions: 1, retention: .bounded(age: .seconds(90 * 86_400), bytes: 1 << 30)) : self.mail(name)
        }
            + ([Topics.events] + (self.publishesEvents ? [Topics.publishedEvents] : [])).map {
                TopicDefinition(
                    name: $0, partitions: self.partitions, retention: .bounded(age: self.eventsAge, bytes: Int64(self.eventsBytes)))
            }
    }

    private func mail(_ name: String) -> TopicDefinition {
        TopicDefinition(name: name, partitions: self.partitions, retention: .untilConsumed(group: Topics.group(of: name)))
    }
}
