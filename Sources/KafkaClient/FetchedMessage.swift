import CRdKafka
import NIOCore

/// A record in the library's memory. Owned by the consumer's thread, which gives it back exactly once.
struct FetchedMessage {
    private let message: UnsafeMutablePointer<rd_kafka_message_t>
    /// What the message lies in, where it came as an event.
    private let event: OpaquePointer?
    let partition: KafkaPartition

    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, in event: OpaquePointer? = nil, topic: String) {
        self.message = message
        self.event = event
        self.partition = KafkaPartition(topic: topic, partition: message.pointee.partition)
    }

    var offset: Int64 { self.message.pointee.offset }
    var valueCount: Int { self.message.pointee.payload == nil ? 0 : self.message.pointee.len }
    /// What counts against the bounds of a batch.
    var byteCount: Int { self.valueCount + self.message.pointee.key_len }

    /// Gives the memory back.
    func destroy() {
        if let event = self.event { rd_kafka_event_destroy(event) } else { rd_kafka_message_destroy(self.message) }
    }

    /// Copies messages into one storage, of which each record's value is a slice, and gives their memory back.
    static func records(_ messages: some Collection<FetchedMessage>) -> [KafkaRecord] {
        var storage = ByteBufferAllocator().buffer(capacity: messages.reduce(0) { $0 + $1.valueCount })
        for message in messages {
            storage.writeBytes(UnsafeRawBufferPointer(start: message.message.pointee.payload, count: message.valueCount))
        }
        var start = 0
        return messages.map { message in
            let fields = message.message.pointee
            defer {
                start += message.valueCount
                message.destroy()
            }
            return KafkaRecord(
                topic: message.partition.topic, partition: message.partition.partition, offset: fields.offset,
                timestamp: rd_kafka_message_timestamp(message.message, nil),
                key: Array(UnsafeRawBufferPointer(start: fields.key, count: fields.key_len)),
                value: storage.getSlice(at: start, length: message.valueCount) ?? ByteBuffer())
        }
    }
}
