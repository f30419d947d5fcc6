/// What the first frame of a hot segment says: all that is not a record, so that older segments may go as soon as their records may.
struct Checkpoint: Hashable {
    /// A segment that was finished when the checkpoint was written.
    struct Sealed: Hashable {
        var segment: UInt32
        /// The bytes that count; what follows them in the file is to be ignored.
        var length: UInt32
    }

    struct Partition: Hashable {
        var topic: UInt32
        var partition: UInt32
        /// Above every offset that was ever given out.
        var nextOffset: Int64
        /// The group's name and the offset below which it is done.
        var committed: [String: Int64]
    }

    var sealed: [Sealed]
    var partitions: [Partition]

    func encoded() -> [UInt8] {
        var encoder = ByteEncoder()
        encoder.append(UInt32(self.sealed.count))
        for sealed in self.sealed {
            encoder.append(sealed.segment)
            encoder.append(sealed.length)
        }
        encoder.append(UInt32(self.partitions.count))
        for partition in self.partitions {
            encoder.append(partition.topic)
            encoder.append(partition.partition)
            encoder.append(partition.nextOffset)
            encoder.append(UInt16(partition.committed.count))
            for (group, offset) in partition.committed.sorted(by: { $0.key < $1.key }) {
                encoder.append(group)
                encoder.append(offset)
            }
        }
        return encoder.bytes
    }

    init(sealed: [Sealed], partitions: [Partition]) {
        self.sealed = sealed
        self.partitions = partitions
    }

    /// nil when the bytes are no checkpoint.
    init?(decoding bytes: UnsafeRawBufferPointer) {
        var decoder = ByteDecoder(bytes)
        guard let sealedCount = decoder.next(UInt32.self) else { return nil }
        var sealed: [Sealed] = []
        for _ in 0..<sealedCount {
            guard let segment = decoder.next(UInt32.self), let length = decoder.next(UInt32.self) else { return nil }
            sealed.append(Sealed(segment: segment, length: length))
        }
        guard let partitionCount = decoder.next(UInt32.self) else { return nil }
        var partitions: [Partition] = []
        for _ in 0..<partitionCount {
            guard let topic = decoder.next(UInt32.self), let number = decoder.next(UInt32.self),
                let nextOffset = decoder.next(Int64.self), let groups = decoder.next(UInt16.self)
            else { return nil }
            var committed: [String: Int64] = [:]
            for _ in 0..<groups {
                guard let group = decoder.nextText(), let offset = decoder.next(Int64.self) else { return nil }
                committed[group] = offset
            }
            partitions.append(Partition(topic: topic, partition: number, nextOffset: nextOffset, committed: committed))
        }
        guard decoder.isAtEnd else { return nil }
        self.sealed = sealed
        self.partitions = partitions
    }
}
