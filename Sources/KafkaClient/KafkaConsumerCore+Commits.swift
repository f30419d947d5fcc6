import CRdKafka
import Synchronization

extension KafkaConsumerCore {
    func beginCommit(_ offsets: [KafkaPartition: Int64], _ continuation: CheckedContinuation<Void, any Error>) {
        guard offsets.keys.allSatisfy(self.thread.owned.contains) else {
            // A closed consumer owns nothing, and it is the closing that the caller must know of.
            let isClosed = self.shared.withLock { $0.isClosed }
            continuation.resume(throwing: isClosed ? KafkaError.closed : KafkaError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, doing: "commit"))
            return
        }
        if self.shared.withLock({ $0.isClosed }) {
            continuation.resume(throwing: KafkaError.closed)
            return
        }
        self.thread.commits.next.offsets.merge(offsets) { max($0, $1) }
        self.thread.commits.next.waiters.append(continuation)
    }

    func serveCommits() {
        if let deadline = self.thread.commits.deadline, ContinuousClock.now >= deadline, let round = self.thread.commits.land() {
            self.resume(round, KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, doing: "commit"))
        }
        while let round = self.thread.commits.launch(deadline: .now + self.configuration.requestTimeout) {
            let ahead = round.offsets.filter { partition, offset in offset > self.thread.committed[partition] ?? -1 }
            guard ahead.keys.allSatisfy(self.thread.owned.contains) else {
                _ = self.thread.commits.land()
                self.resume(round, KafkaError(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, doing: "commit"))
                continue
            }
            guard !ahead.isEmpty else {
                _ = self.thread.commits.land()
                self.resume(round, nil)
                continue
            }
            let list = KafkaPartitionList(offsets: ahead)
            // The answer is an event with the round's number: no memory of ours lies with the library.
            let code = rd_kafka_commit_queue(self.handle, list.pointer, self.control, nil, UnsafeMutableRawPointer(bitPattern: round.number))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                _ = self.thread.commits.land()
                self.resume(round, KafkaError(code, doing: "commit"))
                continue
            }
        }
    }

    func take(commit event: OpaquePointer) {
        var code = rd_kafka_event_error(event)
        if let list = rd_kafka_event_topic_partition_list(event) {
            for index in 0..<Int(list.pointee.cnt) {
                let element = list.pointee.elems[index]
                guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    code = element.err
                    continue
                }
                // Also of a round that was given up: it is what the brokers have.
                let partition = KafkaPartition(topic: String(cString: element.topic), partition: element.partition)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR, self.thread.owned.contains(partition) else { continue }
                self.thread.committed[partition] = max(self.thread.committed[partition] ?? -1, element.offset)
            }
        }
        guard let flying = self.thread.commits.flying, UInt(bitPattern: rd_kafka_event_opaque(event)) == flying.number else { return }
        _ = self.thread.commits.land()
        self.resume(flying, code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, doing: "commit"))
    }

    func failCommits(with error: KafkaError) {
        if let round = self.thread.commits.land() { self.resume(round, error) }
        if let round = self.thread.commits.launch(deadline: .now) {
            _ = self.thread.commits.land()
            self.resume(round, error)
        }
    }

    private func resume(_ round: CommitRounds.Round, _ error: KafkaError?) {
        for waiter in round.waiters {
            if let error { waiter.resume(throwing: error) } else { waiter.resume() }
        }
    }
}
