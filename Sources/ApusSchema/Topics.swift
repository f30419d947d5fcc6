package import ApusCore

/// The names of the topics and of the groups that read them.
package enum Topics {
    /// Whether mail is one person waiting for one message, or one campaign of many.
    package enum DeliveryClass: String, Hashable, Sendable {
        case transactional
        case bulk
    }

    /// The queue of mail whose configuration set names no pool.
    package static let defaultQueue = "default"
    /// Calls with recipients in several domains.
    package static let submitted = "apus.submitted"
    /// What happened to messages.
    package static let events = "apus.events"
    /// The same for others to read: SES's event JSON, one object a record.
    package static let publishedEvents = "apus.events.json"
    /// Records that could not be handled.
    package static let dead = "apus.dead"
    /// The group that reads ``submitted``.
    package static let splitterGroup = "splitter"
    /// The group that reads ``events`` and writes ``publishedEvents``.
    package static let publisherGroup = "publisher"

    /// The topic of mail to be delivered.
    package static func outbound(queue: String, class deliveryClass: DeliveryClass) -> String {
        "apus.outbound.\(queue).\(deliveryClass.rawValue)"
    }

    /// The topics of a queue's mail: what people wait for, and what is sent to many.
    package static func outbound(queue: String) -> [String] {
        [DeliveryClass.transactional, .bulk].map { Self.outbound(queue: queue, class: $0) }
    }

    /// The class of an outbound topic's mail; transactional for any other topic.
    package static func deliveryClass(of topic: String) -> DeliveryClass {
        topic.hasSuffix(".\(DeliveryClass.bulk.rawValue)") ? .bulk : .transactional
    }

    /// Deferred mail, waiting `tier`'s delay.
    package static func retry(_ tier: DelayTier) -> String {
        "apus.retry.\(tier.rawValue)"
    }

    /// Mail that could not start for local reasons, waiting `tier`'s delay.
    package static func hold(_ tier: DelayTier) -> String {
        "apus.hold.\(tier.rawValue)"
    }

    /// The group whose consumption frees the records of a mail topic: one group per topic.
    package static func group(of topic: String) -> String {
        if topic == Self.submitted { return Self.splitterGroup }
        let parts = topic.split(separator: ".", maxSplits: 2)
        guard parts.count == 3 else { return topic }
        return (parts[1] == "outbound" ? "worker." : "mover.\(parts[1]).") + parts[2]
    }
}
