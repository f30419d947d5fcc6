package import Backends
import KafkaClient
import Logging

extension KafkaMessageBus {
    /// How long between two looks whether a topic that was made has come to every broker.
    private static let lookInterval = Duration.milliseconds(100)

    /// Creates the topics that do not exist, waits until they can be used, and checks the shape and the settings of all.
    ///
    /// - Throws: ``BusError``: every topic that does not fit, with what is, what is wanted and the command that mends it.
    package func ensureTopics(_ topics: [TopicDefinition]) async throws {
        try await BusError.translating {
            let before = try await self.cluster.topics()
            for topic in topics where before[topic.name] == nil { try await self.make(topic) }
            let existing = try await self.existing(topics)
            let requirements = topics.map { TopicRequirements(definition: $0, configuration: self.configuration) }
            var problems = requirements.flatMap { requirement in
                existing[requirement.definition.name].map(requirement.problems(with:)) ?? []
            }
            if self.createTopic == nil { problems += try await self.problems(withSettingsOf: requirements) }
            guard problems.isEmpty else { throw BusError(.topicMismatch, problems.joined(separator: "\n")) }
            self.know(
                topics.map { topic in
                    var topic = topic
                    topic.partitions = existing[topic.name]?.partitions ?? topic.partitions
                    return topic
                })
        }
    }

    private func make(_ topic: TopicDefinition) async throws {
        do {
            if let createTopic = self.createTopic {
                try await createTopic(topic)
            } else {
                try await self.cluster.createTopic(
                    topic.name, partitions: topic.partitions, replicas: self.configuration.replicas,
                    properties: TopicRequirements(definition: topic, configuration: self.configuration).settings)
            }
        } catch let error as KafkaError where error.isTopicExists {
            // Another process of the cluster was quicker.
        }
    }

    /// What the brokers say of the topics, once they say something of all: a new topic reaches them one after the other.
    private func existing(_ topics: [TopicDefinition]) async throws -> [String: KafkaCluster.Topic] {
        let deadline = ContinuousClock.now + self.configuration.kafka.requestTimeout
        while true {
            let existing = try await self.cluster.topics()
            let missing = topics.filter { existing[$0.name]?.isReady != true }
            if missing.isEmpty { return existing }
            guard ContinuousClock.now < deadline else {
                throw BusError(
                    .unavailable, "topics have partitions without a leader, or do not come up: \(missing.map(\.name).joined(separator: ", "))")
            }
            // Nothing tells of it; the only way to know is to ask again.
            try await Task.sleep(for: Self.lookInterval)
        }
    }

    private func problems(withSettingsOf requirements: [TopicRequirements]) async throws -> [String] {
        let settings: [String: [String: String]]
        do {
            settings = try await self.cluster.settings(ofTopics: requirements.map(\.definition.name))
        } catch let error as KafkaError where error.isUnsupported || error.isUnanswered {
            guard self.configuration.allowsUnsafeReplicas else {
                throw BusError(
                    .unavailable,
                    "the brokers do not tell the settings of topics, which keep mail from being lost: mend that, or allow unsafe replicas",
                    cause: error)
            }
            self.logger.warning("settings of topics not checked: the brokers do not tell them", metadata: ["error": "\(error)"])
            return []
        }
        var problems: [String] = []
        for requirement in requirements {
            let (wrong, unknown) = requirement.problems(with: settings[requirement.definition.name] ?? [:])
            problems += wrong
            guard !unknown.isEmpty else { continue }
            if self.configuration.allowsUnsafeReplicas {
                self.logger.warning(
                    "settings of a topic not checked: the brokers do not tell them",
                    metadata: ["topic": "\(requirement.definition.name)", "settings": "\(unknown.joined(separator: " "))"])
            } else {
                problems.append(
                    "the brokers do not tell \(unknown.joined(separator: ", ")) of the topic \(requirement.definition.name): mend that, or allow "
                        + "unsafe replicas")
            }
        }
        return problems
    }
}
