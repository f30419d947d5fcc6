package import KafkaClient

extension KafkaMessageBus {
    /// The brokers, and what topics must withstand.
    package struct Configuration: Hashable, Sendable {
        package var kafka: KafkaConfiguration
        /// Replicas of every partition.
        package var replicas: Int
        /// Replicas that must have a record before it is acknowledged.
        package var minimumInSyncReplicas: Int
        /// Whether topics may have fewer replicas than that, and settings that cannot be checked: for trying out, never for mail that
        /// must not be lost with one broker.
        package var allowsUnsafeReplicas: Bool
        /// How often records below the groups' offsets are deleted by ``KafkaMessageBus/run()``; nil for never.
        package var trimInterval: Duration?

        package init(
            kafka: KafkaConfiguration, replicas: Int = 3, minimumInSyncReplicas: Int = 2, allowsUnsafeReplicas: Bool = false,
            trimInterval: Duration? = .seconds(60)
        ) {
            self.kafka = kafka
            self.replicas = replicas
            self.minimumInSyncReplicas = minimumInSyncReplicas
            self.allowsUnsafeReplicas = allowsUnsafeReplicas
            self.trimInterval = trimInterval
        }

        /// Everything in it that cannot be; empty when it can be used.
        package var problems: [String] {
            var problems = self.kafka.problems
            if self.replicas < 1 { problems.append("a topic needs at least 1 replica") }
            if !(1...max(self.replicas, 1)).contains(self.minimumInSyncReplicas) {
                problems.append("the minimum of in-sync replicas must be from 1 to the number of replicas, \(self.replicas)")
            }
            if !self.allowsUnsafeReplicas, self.minimumInSyncReplicas < 2 {
                problems.append("fewer than 2 in-sync replicas lose mail with one broker: ask for 2, or allow unsafe replicas")
            }
            return problems
        }
    }
}
