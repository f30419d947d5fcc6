import CRdKafka
import DequeModule
import Synchronization

/// Records on their way from the library to the reader.
extension KafkaConsumerCore {
    /// Takes what the library has, as far as a batch goes. With a full batch the library's own queue fills, and then it fetches no more.
    ///
    /// - Returns: how many records came.
    func gather() -> Int {
        // Records of partitions that are being given up are taken too, and dropped: they must not stay before the others.
        guard self.thread.gathered.count < self.maximumRecords, self.thread.gatheredBytes < self.maximumBytes else { return 0 }
        let room = self.maximumRecords - self.thread.gathered.count
        if self.thread.buffer.count != self.maximumRecords {
            self.thread.buffer = Array(repeating: nil, count: self.maximumRecords)
        }
        let count = self.thread.buffer.withUnsafeMutableBufferPointer { buffer in
            rd_kafka_consume_batch_queue(self.data, 0, buffer.baseAddress, room)
        }
        guard count > 0 else { return 0 }
        for index in 0..<count {
            guard let message = self.thread.buffer[index] else { continue }
            self.thread.buffer[index] = nil
            self.take(message, in: nil)
        }
        return count
    }

    func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>, in event: OpaquePointer?) {
        let code = message.pointee.err
        guard let topic = message.pointee.rkt else {
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { self.take(error: code, of: nil) }
            FetchedMessage(message, in: event, topic: "").destroy()
            return
        }
        let fetched = FetchedMessage(message, in: event, topic: self.name(of: topic))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            self.take(error: code, of: fetched.partition)
            fetched.destroy()
            return
        }
        guard !self.thread.going.contains(fetched.partition), self.thread.owned.contains(fetched.partition) else {
            fetched.destroy()
            return
        }
        self.thread.gathered.append(fetched)
        self.thread.gatheredBytes += fetched.byteCount
    }

    /// Gives a batch to the reader that waits, if there are both.
    func hand() -> Bool {
        // Whoever is told of partitions is to hear of them before their records.
        guard !self.thread.gathered.isEmpty, !(self.thread.change?.isAssignment ?? false) else { return false }
        let reader = self.shared.withLock { shared in
            let reader = shared.reader
            shared.reader = nil
            return reader
        }
        guard let reader else { return false }
        var count = 0
        var bytes = 0
        for message in self.thread.gathered {
            guard count < self.maximumRecords, count == 0 || bytes + message.byteCount <= self.maximumBytes else { break }
            count += 1
            bytes += message.byteCount
        }
        let batch = FetchedMessage.records(self.thread.gathered.prefix(count))
        self.thread.gathered.removeFirst(count)
        self.thread.gatheredBytes -= bytes
        reader.continuation.resume(returning: batch)
        return true
    }

    func setPaused(_ partitions: [KafkaPartition], _ isPaused: Bool) {
        let mine = Set(partitions.filter(self.thread.owned.contains))
        if isPaused {
            self.thread.paused.formUnion(mine)
            // What was fetched already waits here, for the library goes on after it when fetching is resumed.
            self.thread.parked += self.takeGathered(of: mine)
        } else {
            self.thread.paused.subtract(mine)
            let back = self.thread.parked.filter { mine.contains($0.partition) }
            self.thread.parked.removeAll { mine.contains($0.partition) }
            self.thread.gathered.prepend(contentsOf: back)
            self.thread.gatheredBytes += back.reduce(0) { $0 + $1.byteCount }
        }
        self.setFetching(Array(mine), !isPaused)
    }

    func seek(_ partition: KafkaPartition, to offset: Int64) throws {
        guard self.thread.owned.contains(partition) else { throw KafkaError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, doing: "seek") }
        self.forget([partition])
        guard let topic = rd_kafka_topic_new(self.handle, partition.topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), doing: "seek")
        }
        defer { rd_kafka_topic_destroy(topic) }
        let code = rd_kafka_seek(topic, partition.partition, offset, 5000)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: "seek") }
    }

    func setFetching(_ partitions: [KafkaPartition], _ isFetching: Bool) {
        guard !partitions.isEmpty else { return }
        let list = KafkaPartitionList(partitions)
        _ = isFetching ? rd_kafka_resume_partitions(self.handle, list.pointer) : rd_kafka_pause_partitions(self.handle, list.pointer)
    }

    /// Forgets records of partitions that were fetched and not handed out.
    func forget(_ partitions: Set<KafkaPartition>) {
        for message in self.takeGathered(of: partitions) { message.destroy() }
        for message in self.thread.parked where partitions.contains(message.partition) { message.destroy() }
        self.thread.parked.removeAll { partitions.contains($0.partition) }
    }

    func forgetAll() {
        for message in self.thread.gathered { message.destroy() }
        for message in self.thread.parked { message.destroy() }
        self.thread.gathered = []
        self.thread.parked = []
        self.thread.gatheredBytes = 0
    }

    private func takeGathered(of partitions: Set<KafkaPartition>) -> [FetchedMessage] {
        let taken = self.thread.gathered.filter { partitions.contains($0.partition) }
        guard !taken.isEmpty else { return [] }
        self.thread.gathered.removeAll { partitions.contains($0.partition) }
        self.thread.gatheredBytes -= taken.reduce(0) { $0 + $1.byteCount }
        return Array(taken)
    }

    /// The library's topic objects live as long as its handle, so a name is made once.
    private func name(of topic: OpaquePointer) -> String {
        if let known = self.thread.topicNames[topic] { return known }
        let name = rd_kafka_topic_name(topic).map { String(cString: $0) } ?? ""
        self.thread.topicNames[topic] = name
        return name
    }
}
