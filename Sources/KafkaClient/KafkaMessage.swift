package import NIOCore

/// A record to be produced.
package struct KafkaMessage: Sendable {
    package var topic: String
    /// nil for the partition of the key's hash.
    package var partition: Int32?
    package var key: [UInt8]
    package var value: ByteBuffer

    package init(topic: String, partition: Int32?, key: [UInt8], value: ByteBuffer) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
    }

    /// What counts against the bounds of a producer.
    var byteCount: Int { self.value.readableBytes + self.key.count }
}

/// A record that was consumed.
package struct KafkaRecord: Sendable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64
    /// Milliseconds since the Unix epoch, as the broker has it.
    package var timestamp: Int64
    package var key: [UInt8]
    package var value: ByteBuffer

    /// What counts against the bounds of a batch.
    var byteCount: Int { self.value.readableBytes + self.key.count }
}

/// Where a produced record was written.
package struct KafkaPosition: Hashable, Sendable {
    package var partition: Int32
    package var offset: Int64
}

/// One partition of a topic.
package struct KafkaPartition: Hashable, Sendable {
    package var topic: String
    package var partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}
