import ApusCore
import CRdKafka
import Synchronization

/// What the producer's own thread does.
extension KafkaProducer {
    /// How long the thread waits between two clients that could not be made.
    private static let rebuildPause = 1000
    /// How long one look at unsent batches takes while closing, in milliseconds.
    private static let flushSlice: Int32 = 20

    func run() {
        while true {
            guard let (link, isClosing) = self.state.withLock({ state in state.link.map { ($0, state.closingDeadline != nil) } }) else { break }
            // Ends the gathering of batches. It serves no reports, so it may not wait for them; the poll below does.
            if isClosing { rd_kafka_flush(link.client, Self.flushSlice) }
            if let event = rd_kafka_queue_poll(link.queue, self.pollTimeout()) {
                self.take(event, of: link)
                rd_kafka_event_destroy(event)
            }
            if link.isFatal {
                self.rebuild()
            } else {
                self.sendUnsent()
            }
            let (isFinished, isLate) = self.state.withLock { state in
                guard let deadline = state.closingDeadline else { return (false, false) }
                return (state.outstanding == 0, ContinuousClock.now >= deadline)
            }
            // Reports keep coming while closing: a flush without serving them would wait for ever.
            if isFinished { break }
            if isLate { self.giveUp(link) }
        }
        self.state.withLock { $0.link.take() }?.destroy()
        let closers = self.state.withLock { state in
            state.isClosed = true
            let closers = state.closers
            state.closers = []
            return closers
        }
        for closer in closers { closer.resume() }
    }

    /// Milliseconds; shorter when something has to be done without being woken for it.
    private func pollTimeout() -> Int32 {
        self.state.withLock { state in
            // A client that refused records for being full takes them when reports have made room.
            if !state.unsent.isEmpty { return 50 }
            guard let deadline = state.closingDeadline else { return 1000 }
            return state.outstanding == 0 ? 0 : Int32(clamping: max(1, min((deadline - .now).milliseconds, 1000)))
        }
    }

    private func take(_ event: OpaquePointer, of link: ProducerLink) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR: self.takeReports(event, of: link)
        case RD_KAFKA_EVENT_STATS:
            guard let text = rd_kafka_event_stats(event), let statistics = KafkaStatistics(json: text) else { return }
            self.state.withLock { $0.statistics = statistics }
        case RD_KAFKA_EVENT_ERROR:
            let reason = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
            let error = KafkaError(rd_kafka_event_error(event), message: "reach the brokers: \(reason)")
            self.state.withLock { $0.lastError = error }
        default: break
        }
    }

    private func takeReports(_ event: OpaquePointer, of link: ProducerLink) {
        var ended: [(slot: ProduceSlot, result: Result<KafkaPosition, KafkaError>)] = []
        var again: [ProduceSlot] = []
        var count = 0
        let now = ContinuousClock.now
        let isFatal = link.isFatal
        while let message = rd_kafka_event_message_next(event) {
            guard let opaque = message.pointee._private else { continue }
            let slot = Unmanaged<ProduceSlot>.fromOpaque(opaque).takeRetainedValue()
            count += 1
            let code = message.pointee.err
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                ended.append((slot, .success(KafkaPosition(partition: message.pointee.partition, offset: message.pointee.offset))))
            } else if isFatal, now < slot.batch.deadline, !Self.isFinal(code) {
                again.append(slot)
            } else {
                ended.append((slot, .failure(KafkaError(code, doing: "produce to \(slot.message.topic)"))))
            }
        }
        self.state.withLock { state in
            state.reportsOwed -= count
            state.unsent += again
        }
        self.release(records: ended.count, bytes: ended.reduce(0) { $0 + $1.slot.bytes })
        for (slot, result) in ended { slot.report(result) }
    }

    /// Whether no client could ever write the record.
    private static func isFinal(_ code: rd_kafka_resp_err_t) -> Bool {
        let error = KafkaError(code, doing: "")
        return error.isTooLarge || error.isUnknownTopic || code == RD_KAFKA_RESP_ERR_INVALID_MSG
            || code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
    }

    /// Ends a client that had a fatal error, makes another and sends again what was not acknowledged.
    private func rebuild() {
        guard
            let old = self.state.withLock({ state in
                state.rebuilds += 1
                return state.link.take()
            })
        else { return }
        // Every record must come back before its client goes: purging makes the library report them all.
        while self.state.withLock({ $0.reportsOwed > 0 }) {
            old.purge()
            if let event = rd_kafka_queue_poll(old.queue, 1000) {
                self.take(event, of: old)
                rd_kafka_event_destroy(event)
            }
        }
        old.destroy()
        while true {
            do {
                let link = try ProducerLink(self.configuration)
                self.state.withLock { $0.link = link }
                break
            } catch {
                self.state.withLock { $0.lastError = error }
                let isClosing = self.state.withLock { $0.closingDeadline != nil }
                if isClosing {
                    self.failUnsent { _ in true }
                    return
                }
                self.failUnsent { $0.batch.deadline <= .now }
                _ = self.gate.wait(milliseconds: Self.rebuildPause)
            }
        }
        self.sendUnsent()
    }

    /// Sends what waits for a client, in the order in which it was given to us.
    private func sendUnsent() {
        guard self.state.withLock({ !$0.unsent.isEmpty }) else { return }
        self.failUnsent { $0.batch.deadline <= .now }
        let refused = self.state.withLock { state in
            let waiting = state.unsent.sorted { $0.sequence < $1.sequence }
            state.unsent = []
            var refused: [(ProduceSlot, KafkaError)] = []
            for slot in waiting {
                if let error = self.send(slot, &state) { refused.append((slot, error)) }
            }
            return refused
        }
        self.release(records: refused.count, bytes: refused.reduce(0) { $0 + $1.0.bytes })
        for (slot, error) in refused { slot.report(.failure(error)) }
    }

    /// Closing has taken too long: what is not acknowledged is not known to be written.
    private func giveUp(_ link: ProducerLink) {
        self.failUnsent { _ in true }
        link.purge()
    }

    private func failUnsent(_ condition: (ProduceSlot) -> Bool) {
        let failed = self.state.withLock { state in
            let failed = state.unsent.filter(condition)
            state.unsent.removeAll(where: condition)
            return failed
        }
        self.release(records: failed.count, bytes: failed.reduce(0) { $0 + $1.bytes })
        let error = KafkaError(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, doing: "produce")
        for slot in failed { slot.report(.failure(error)) }
    }
}
