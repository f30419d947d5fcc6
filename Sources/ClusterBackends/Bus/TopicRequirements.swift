import ApusCore
package import Backends
package import KafkaClient

/// What a topic must be like, and what to say when it is not.
package struct TopicRequirements: Sendable {
    /// How a setting is compared with what is wanted.
    private enum Comparison {
        case equal
        case atLeast
    }

    private static let comparisons: [(name: String, comparison: Comparison)] = [
        ("min.insync.replicas", .atLeast), ("max.message.bytes", .atLeast), ("retention.ms", .equal), ("retention.bytes", .equal),
        ("unclean.leader.election.enable", .equal), ("message.timestamp.type", .equal), ("cleanup.policy", .equal),
    ]

    package let definition: TopicDefinition
    package let configuration: KafkaMessageBus.Configuration

    package init(definition: TopicDefinition, configuration: KafkaMessageBus.Configuration) {
        self.definition = definition
        self.configuration = configuration
    }

    /// The settings that it is made with.
    ///
    /// Unconsumed mail is never deleted by age or size; the service itself deletes what lies below the committed offsets.
    package var settings: [String: String] {
        var settings = [
            "min.insync.replicas": "\(self.configuration.minimumInSyncReplicas)",
            "unclean.leader.election.enable": "false",
            "max.message.bytes": "\(self.configuration.kafka.maximumRecordBytes + 1024)",
            // Delays are counted from when the broker appended a record, not from a producer's clock.
            "message.timestamp.type": "LogAppendTime",
            "cleanup.policy": "delete",
        ]
        switch self.definition.retention {
        case .untilConsumed:
            settings["retention.ms"] = "-1"
            settings["retention.bytes"] = "-1"
        case .bounded(let age, let bytes):
            settings["retention.ms"] = "\(age.milliseconds)"
            settings["retention.bytes"] = "\(bytes / Int64(max(self.definition.partitions, 1)))"
        }
        return settings
    }

    /// What is wrong with the shape of the topic that there is, each with the command that mends it.
    package func problems(with topic: KafkaCluster.Topic) -> [String] {
        var problems: [String] = []
        if topic.partitions < self.definition.partitions {
            problems.append(
                self.problem(
                    "\(topic.partitions) partitions", wanted: "\(self.definition.partitions)",
                    mend: "kafka-topics.sh --bootstrap-server \(self.servers) --alter --topic \(self.definition.name) "
                        + "--partitions \(self.definition.partitions)"))
        }
        if topic.replicas < self.configuration.replicas, !self.configuration.allowsUnsafeReplicas {
            problems.append(
                self.problem(
                    "\(topic.replicas) replicas", wanted: "\(self.configuration.replicas)",
                    mend: "kafka-reassign-partitions.sh --bootstrap-server \(self.servers) --execute --reassignment-json-file FILE, "
                        + "a file that names \(self.configuration.replicas) brokers for every partition"))
        }
        return problems
    }

    /// What is wrong with its settings, and which of them the brokers do not tell.
    package func problems(with present: [String: String]) -> (problems: [String], unknown: [String]) {
        var problems: [String] = []
        var unknown: [String] = []
        for (name, comparison) in Self.comparisons {
            guard let wanted = self.settings[name] else { continue }
            // A bounded topic may be kept as long as its operator likes.
            if case .bounded = self.definition.retention, name.hasPrefix("retention.") { continue }
            if name == "min.insync.replicas", self.configuration.allowsUnsafeReplicas { continue }
            guard let value = present[name] else {
                unknown.append(name)
                continue
            }
            let holds =
                switch comparison {
                case .equal: value == wanted
                case .atLeast: (Int64(value) ?? 0) >= (Int64(wanted) ?? 0)
                }
            guard !holds else { continue }
            let least = comparison == .atLeast ? "at least " : ""
            problems.append(
                self.problem(
                    "\(name)=\(value)", wanted: "\(least)\(wanted)",
                    mend: "kafka-configs.sh --bootstrap-server \(self.servers) --alter --entity-type topics --entity-name "
                        + "\(self.definition.name) --add-config \(name)=\(wanted)"))
        }
        return (problems, unknown)
    }

    private var servers: String { self.configuration.kafka.bootstrapServers }

    private func problem(_ present: String, wanted: String, mend: String) -> String {
        "the topic \(self.definition.name) has \(present) and needs \(wanted): \(mend)"
    }
}
