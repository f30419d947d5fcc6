package import NIOCore

/// A record on its way to the bus.
package struct OutgoingRecord: Sendable {
    /// An existing topic.
    package var topic: String
    /// Decides the partition where ``partition`` is nil: records of equal key share one.
    package var key: [UInt8]
    /// The payload.
    package var value: ByteBuffer
    /// A partition chosen by the caller, or nil.
    package var partition: Int?

    package init(topic: String, key: [UInt8], value: ByteBuffer, partition: Int? = nil) {
        self.topic = topic
        self.key = key
        self.value = value
        self.partition = partition
    }
}
