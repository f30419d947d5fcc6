import CRdKafka

/// A librdkafka list of partitions, freed with its owner.
struct KafkaPartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ partitions: some Collection<KafkaPartition>) {
        self.pointer = rd_kafka_topic_partition_list_new(Int32(max(partitions.count, 1)))
        for partition in partitions {
            rd_kafka_topic_partition_list_add(self.pointer, partition.topic, partition.partition)
        }
    }

    init(offsets: [KafkaPartition: Int64]) {
        self.pointer = rd_kafka_topic_partition_list_new(Int32(max(offsets.count, 1)))
        for (partition, offset) in offsets {
            let element = rd_kafka_topic_partition_list_add(self.pointer, partition.topic, partition.partition)
            element?.pointee.offset = offset
        }
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(self.pointer)
    }

    /// The partitions of a list that librdkafka owns, with their offsets.
    static func read(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [KafkaPartition: Int64] {
        var result: [KafkaPartition: Int64] = [:]
        for index in 0..<Int(list.pointee.cnt) {
            let element = list.pointee.elems[index]
            result[KafkaPartition(topic: String(cString: element.topic), partition: element.partition)] = element.offset
        }
        return result
    }

    /// Whether a partition of a list has an error of its own.
    static func hasError(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> Bool {
        (0..<Int(list.pointee.cnt)).contains { list.pointee.elems[$0].err != RD_KAFKA_RESP_ERR_NO_ERROR }
    }
}
