import Backends
import ClusterBackends
import KafkaClient
import Logging
import NIOCore
import Synchronization
import TestSupport

/// Keeps what is logged at warning and above.
struct RecordingLog: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { self.lines.withLock { $0 } }
        func append(_ line: String) { self.lines.withLock { $0.append(line) } }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.lines.append("\(event.message) \(event.metadata ?? [:])")
    }
}

extension KafkaMessageBus {
    /// A bus with short time limits, and ``run()`` running until it is closed.
    static func serving(
        _ servers: String, mock: KafkaMockCluster? = nil, log: RecordingLog.Lines = RecordingLog.Lines(),
        adjust: (inout Configuration) -> Void = { _ in }
    ) throws -> KafkaMessageBus {
        var configuration = Configuration(
            kafka: KafkaConfiguration(
                bootstrapServers: servers, produceTimeout: .seconds(30), requestTimeout: .seconds(10), sessionTimeout: .seconds(6),
                drainTimeout: .seconds(10), closeTimeout: .seconds(3)),
            replicas: 1, minimumInSyncReplicas: 1, allowsUnsafeReplicas: true, trimInterval: nil)
        adjust(&configuration)
        let bus = try KafkaMessageBus(
            configuration,
            createTopic: mock.map { mock in { @Sendable topic in try mock.createTopic(topic.name, partitions: topic.partitions) } },
            logger: Logger(label: "test") { _ in RecordingLog(lines: log) })
        Task { await bus.run() }
        return bus
    }
}

enum Records {
    static func outgoing(_ text: String, topic: String, partition: Int? = nil) -> OutgoingRecord {
        OutgoingRecord(topic: topic, key: [], value: ByteBuffer(string: text), partition: partition)
    }
}

enum BrokerNeeds {
    /// Why there is no broker to test on; nil when there is.
    static let missing = TestKafka.missing(libraryCanSpeak: KafkaLibrary.isAtLeast(2, 2))
}
