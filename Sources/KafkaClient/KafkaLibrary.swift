import CRdKafka

/// The librdkafka that this process runs with, which need not be the one that it was built against.
package enum KafkaLibrary {
    /// As `2.0.2`.
    package static var version: String { String(cString: rd_kafka_version_str()) }

    /// Whether it is at least this release.
    package static func isAtLeast(_ major: Int32, _ minor: Int32) -> Bool {
        // 0xMMmmrrxx
        rd_kafka_version() >= major << 24 | minor << 16
    }

    /// What an operator has to know of it; nil when it is recent enough.
    package static var warning: String? {
        guard !self.isAtLeast(2, 3) else { return nil }
        return "librdkafka \(self.version) works, but lacks mends to the idempotent producer and to consumers that were made up to 2.3: "
            + "install 2.3 or later for production"
    }
}
