internal import ApusCore
internal import ApusSchema
internal import Backends
internal import NIOCore
internal import struct Foundation.Data

/// Makes the records of `apus.dead`.
enum DeadLetters {
    /// The record as it was, and why it could not be handled.
    static func record(of record: BusRecord, reason: String, at now: UnixMilliseconds) throws -> OutgoingRecord {
        var dead = Apus_V1_DeadRecord()
        dead.topic = record.position.topicPartition.topic
        dead.partition = Int32(clamping: record.position.topicPartition.partition)
        dead.offset = record.position.offset
        dead.key = Data(record.key)
        dead.value = record.value.withUnsafeReadableBytes { Data($0) }
        dead.reason = reason
        dead.diedAtMs = now.rawValue
        let key = "\(dead.topic)/\(dead.partition)/\(dead.offset)"
        return OutgoingRecord(topic: Topics.dead, key: Array(key.utf8), value: try RecordCoding.encode(dead))
    }
}
