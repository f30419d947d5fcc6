import Backends
import ClusterBackends
import KafkaClient
import Testing

@Suite struct TopicRequirementsTests {
    private func requirements(
        retention: TopicDefinition.Retention = .untilConsumed(group: "worker"), unsafe: Bool = false
    ) -> TopicRequirements {
        TopicRequirements(
            definition: TopicDefinition(name: "apus.mail", partitions: 6, retention: retention),
            configuration: KafkaMessageBus.Configuration(
                kafka: KafkaConfiguration(bootstrapServers: "k:9092", maximumRecordBytes: 1_000_000), replicas: 3, minimumInSyncReplicas: 2,
                allowsUnsafeReplicas: unsafe))
    }

    @Test func aTopicThatIsAsItShouldBePasses() {
        let requirements = self.requirements()
        #expect(requirements.problems(with: KafkaCluster.Topic(partitions: 6, replicas: 3, isReady: true)).isEmpty)
        var settings = requirements.settings
        let (problems, unknown) = requirements.problems(with: settings)
        #expect(problems.isEmpty && unknown.isEmpty)
        // More than is needed is no fault.
        settings["min.insync.replicas"] = "3"
        settings["max.message.bytes"] = "20000000"
        #expect(requirements.problems(with: settings).problems.isEmpty)
    }

    @Test func saysWhatIsWhatIsWantedAndHowToMendIt() throws {
        let shape = self.requirements().problems(with: KafkaCluster.Topic(partitions: 4, replicas: 1, isReady: true))
        #expect(shape.count == 2)
        for part in ["apus.mail", "4 partitions", "6", "kafka-topics.sh --bootstrap-server k:9092 --alter --topic apus.mail --partitions 6"] {
            #expect(shape[0].contains(part))
        }
        #expect(shape[1].contains("1 replicas") && shape[1].contains("kafka-reassign-partitions.sh"))
    }

    @Test(arguments: [
        ("min.insync.replicas", "1", "at least 2"), ("max.message.bytes", "1000000", "at least 1001024"), ("retention.ms", "604800000", "-1"),
        ("retention.bytes", "1000", "-1"), ("unclean.leader.election.enable", "true", "false"),
        ("message.timestamp.type", "CreateTime", "LogAppendTime"), ("cleanup.policy", "compact", "delete"),
    ])
    func eachSettingIsLookedAt(name: String, value: String, wanted: String) throws {
        let requirements = self.requirements()
        var settings = requirements.settings
        settings[name] = value
        let problems = requirements.problems(with: settings).problems
        #expect(problems.count == 1)
        let problem = try #require(problems.first)
        #expect(problem.contains("\(name)=\(value)") && problem.contains("needs \(wanted)"))
        #expect(
            problem.contains("kafka-configs.sh --bootstrap-server k:9092 --alter --entity-type topics --entity-name apus.mail --add-config \(name)="))
        settings[name] = nil
        #expect(requirements.problems(with: settings).unknown == [name])
    }

    @Test func unsafeReplicasAreAllowedOnlyWhenAskedFor() {
        let requirements = self.requirements(unsafe: true)
        #expect(requirements.problems(with: KafkaCluster.Topic(partitions: 6, replicas: 1, isReady: true)).isEmpty)
        var settings = requirements.settings
        settings["min.insync.replicas"] = "1"
        #expect(requirements.problems(with: settings).problems.isEmpty)
        // The rest is looked at all the same.
        settings["retention.ms"] = "1000"
        #expect(requirements.problems(with: settings).problems.count == 1)
        var configuration = KafkaMessageBus.Configuration(
            kafka: KafkaConfiguration(bootstrapServers: "k:9092"), replicas: 1, minimumInSyncReplicas: 1)
        #expect(configuration.problems.count == 1)
        configuration.allowsUnsafeReplicas = true
        #expect(configuration.problems.isEmpty)
    }

    @Test func howLongABoundedTopicIsKeptIsItsOperatorsAffair() {
        let requirements = self.requirements(retention: .bounded(age: .seconds(3600), bytes: 6000))
        var settings = requirements.settings
        #expect(settings["retention.ms"] == "3600000" && settings["retention.bytes"] == "1000")
        settings["retention.ms"] = "-1"
        #expect(requirements.problems(with: settings).problems.isEmpty)
    }
}
