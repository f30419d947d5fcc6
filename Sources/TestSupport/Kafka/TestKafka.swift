import Foundation

/// The Kafka that a test runs on: an outside cluster named by `APUS_TEST_KAFKA=HOST:PORT`, or a broker of its own.
package struct TestKafka: Sendable {
    /// nil where the cluster is somebody else's.
    package let broker: KafkaBroker?
    package let bootstrapServers: String

    package init(broker: KafkaBroker?, bootstrapServers: String) {
        self.broker = broker
        self.bootstrapServers = bootstrapServers
    }

    /// An outside cluster, if one is given.
    package static let outside: String? = ProcessInfo.processInfo.environment["APUS_TEST_KAFKA"].flatMap { $0.isEmpty ? nil : $0 }

    /// Why there is none, or what the library with this process cannot speak with; nil when tests can run.
    ///
    /// - Parameter libraryCanSpeak: whether the librdkafka of this process is 2.2 or later: earlier ones misread the test broker's greeting.
    package static func missing(libraryCanSpeak: Bool) -> String? {
        if self.outside != nil { return nil }
        if KafkaBroker.program == nil { return "no Kafka broker: make deps fetches one, or set APUS_TEST_KAFKA=HOST:PORT" }
        if !libraryCanSpeak {
            return "this librdkafka is older than 2.2 and cannot speak with the test broker: make unit runs this once more with a current one"
        }
        return nil
    }

    /// The outside cluster, or a new broker.
    package static func start() async throws -> TestKafka {
        if let outside { return TestKafka(broker: nil, bootstrapServers: outside) }
        let broker = try await KafkaBroker.start()
        return TestKafka(broker: broker, bootstrapServers: broker.bootstrapServers)
    }

    /// A name that nobody has used: an outside cluster keeps what earlier runs made.
    package static func uniqueName(_ name: String) -> String {
        "\(name)-\(UUID().uuidString.prefix(8).lowercased())"
    }

    /// Ends a broker of our own.
    package func stop() async {
        await self.broker?.stop()
    }
}
