package import MailSink

/// Every recipient of a run, accounted for: what callers were told against what the sink has.
///
/// Records may come in any order, also an arrival before the answer that made it the system's responsibility.
package struct LoadLedger: Sendable {
    /// Recipients a message has at most, one bit each.
    package static let maximumRecipients = 64

    private struct Message: Sendable {
        var outcome: SentRecord.Outcome?
        var stream: UInt8 = 0
        var recipients: UInt8 = 0
        var scheduled: Int64 = 0
        var answered: Int64 = 0
        var delivered: UInt64 = 0
        /// Refused for good by the far end, or given up by the system.
        var bounced: UInt64 = 0
    }

    package let run: UInt32
    package private(set) var messages = LoadReport.Messages()
    package private(set) var recipients = LoadReport.Recipients()
    package private(set) var replies: [UInt16: Int] = [:]
    package private(set) var timeline: Timeline
    package private(set) var latencies: LatencyBook
    package private(set) var streams: [StreamAccount]
    /// Recipients of accepted messages that have neither arrived nor bounced.
    package private(set) var open = 0
    /// Octets altered in the head section; a body that is altered counts as ``LoadReport/Recipients/altered`` too.
    package private(set) var lastArrival: Int64 = 0
    package private(set) var firstCall: Int64 = .max
    package private(set) var lastAnswer: Int64 = 0

    private var table: [Message] = []
    /// Arrivals whose call has not been recorded yet.
    private var early: [UInt64: [Arrival]] = [:]
    private var byID: [UInt64: UInt64] = [:]
    private let keepsIDs: Bool

    /// - Parameters:
    ///   - run: whose messages are meant; others are strangers.
    ///   - streams: their names in the order of their numbers.
    ///   - begin: nanoseconds since 1970 where the timeline begins.
    ///   - keepsIDs: whether ids that the system answered with can be looked up, for ``bounced(idHash:)``.
    package init(run: UInt32, streams: [LoadStream], begin: Int64, keepsIDs: Bool) {
        self.run = run
        self.keepsIDs = keepsIDs
        timeline = Timeline(begin: begin)
        latencies = LatencyBook(streams: streams.map(\.name))
        self.streams = streams.map(StreamAccount.init)
    }

    // MARK: - What callers were told

    package mutating func add(_ record: SentRecord) {
        guard record.run == run, record.sequence < UInt64(LoadBounds.messages) * 64 else { return }
        var message = entry(record.sequence)
        guard message.outcome == nil else { return }
        message.outcome = record.outcome
        message.stream = record.stream
        message.recipients = UInt8(clamping: min(Int(record.recipients), Self.maximumRecipients))
        message.scheduled = record.scheduled
        message.answered = record.answered
        messages.sent += 1
        messages.octets += Int(record.octets)
        firstCall = min(firstCall, record.scheduled)
        lastAnswer = max(lastAnswer, record.answered)
        if streams.indices.contains(Int(record.stream)) { streams[Int(record.stream)].add(record) }
        switch record.outcome {
        case .accepted:
            messages.accepted += 1
            recipients.expected += Int(message.recipients)
            open += Int(message.recipients)
            timeline.accepted(at: record.answered, recipients: Int(message.recipients))
            latencies.answered(stream: record.stream, nanoseconds: record.answered - record.scheduled)
            if keepsIDs, record.idHash != 0 { byID[record.idHash] = record.sequence }
        case .refused:
            messages.refused += 1
            replies[record.code, default: 0] += 1
        case .inDoubt:
            messages.inDoubt += 1
            replies[record.code, default: 0] += 1
        }
        table[Int(record.sequence)] = message
        if let arrivals = early.removeValue(forKey: record.sequence) {
            for arrival in arrivals { settle(arrival) }
        }
    }

    // MARK: - What the sink has

    package mutating func add(_ arrival: Arrival) {
        if arrival.kind == .accepted { lastArrival = max(lastArrival, arrival.time) }
        if arrival.flags.contains(.foreign) || (arrival.run != run && arrival.octets > 0) {
            if arrival.kind == .accepted { recipients.strangers += 1 }
            return
        }
        if arrival.kind == .deferred {
            recipients.deferrals += 1
            timeline.deferred(at: arrival.time)
            return
        }
        guard arrival.recipient < Self.maximumRecipients, arrival.sequence < UInt64(LoadBounds.messages) * 64 else {
            if arrival.kind == .accepted { recipients.strangers += 1 }
            return
        }
        guard entry(arrival.sequence).outcome != nil else {
            early[arrival.sequence, default: []].append(arrival)
            return
        }
        settle(arrival)
    }

    /// The system says that it gave a message up, for all recipients that did not arrive.
    ///
    /// - Returns: whether the message is one of this run.
    @discardableResult
    package mutating func bounced(idHash: UInt64) -> Bool {
        guard let sequence = byID[idHash] else { return false }
        let message = table[Int(sequence)]
        for index in 0..<UInt16(message.recipients) where message.delivered & (1 << UInt64(index)) == 0 { bounce(sequence, index, at: lastArrival) }
        return true
    }

    /// Compares what the sink has with what the system says that it delivered, by the hashes of its ids.
    package mutating func compare(delivered hashes: Set<UInt64>) {
        recipients.misreported = byID.count { (table[Int($0.value)].delivered != 0) != hashes.contains($0.key) }
    }

    private mutating func settle(_ arrival: Arrival) {
        let message = table[Int(arrival.sequence)]
        let bit: UInt64 = 1 << UInt64(arrival.recipient)
        guard arrival.kind == .accepted else { return bounce(arrival.sequence, arrival.recipient, at: arrival.time) }
        guard arrival.recipient < UInt16(message.recipients) else {
            recipients.strangers += 1
            return
        }
        if !arrival.flags.isDisjoint(with: [.alteredHead, .alteredBody]) { recipients.altered += 1 }
        if message.delivered & bit != 0 {
            recipients.doubled += 1
            return
        }
        table[Int(arrival.sequence)].delivered |= bit
        switch message.outcome {
        case .accepted:
            if message.bounced & bit != 0 {
                // It came after all: an attempt that was refused, and another that was not.
                table[Int(arrival.sequence)].bounced &= ~bit
                recipients.bounced -= 1
                timeline.unended(at: arrival.time)
            } else {
                open -= 1
            }
            recipients.delivered += 1
            let delivery = max(arrival.time - message.answered, 0)
            timeline.delivered(at: arrival.time, nanoseconds: delivery)
            latencies.delivered(stream: message.stream, delivery: delivery, total: arrival.time - message.scheduled)
            if streams.indices.contains(Int(message.stream)) { streams[Int(message.stream)].delivered += 1 }
        case .inDoubt:
            // Counted by message, at its first recipient.
            if message.delivered == 0 { messages.inDoubtDelivered += 1 }
        case .refused, nil:
            recipients.strangers += 1
        }
    }

    private mutating func bounce(_ sequence: UInt64, _ index: UInt16, at time: Int64) {
        let message = table[Int(sequence)]
        let bit: UInt64 = 1 << UInt64(index)
        guard message.outcome == .accepted, index < UInt16(message.recipients), (message.delivered | message.bounced) & bit == 0 else { return }
        table[Int(sequence)].bounced |= bit
        recipients.bounced += 1
        open -= 1
        timeline.bounced(at: time)
    }

    private mutating func entry(_ sequence: UInt64) -> Message {
        let index = Int(sequence)
        if index >= table.count { table.append(contentsOf: repeatElement(Message(), count: index + 1 - table.count)) }
        return table[index]
    }

    // MARK: - The end

    /// Arrivals of messages that no call was recorded for: nobody sent them, or the generator was killed.
    package var unclaimed: Int { early.values.reduce(0) { $0 + $1.count { $0.kind == .accepted } } }

    /// The calls as they stand: what is on its way for one in doubt counts as missing.
    package func closedMessages() -> LoadReport.Messages {
        var result = messages
        result.partial = table.count { $0.outcome == .inDoubt && $0.delivered != 0 && $0.delivered.nonzeroBitCount < Int($0.recipients) }
        return result
    }

    /// The account as it stands: what is open now counts as lost.
    package func closed() -> LoadReport.Recipients {
        var result = recipients
        result.lost = open
        result.strangers += unclaimed
        guard open > 0 else { return result }
        search: for (sequence, message) in table.enumerated() where message.outcome == .accepted {
            for index in 0..<Int(message.recipients) where (message.delivered | message.bounced) & (1 << UInt64(index)) == 0 {
                result.lostExamples.append("\(sequence).\(index)")
                if result.lostExamples.count >= 20 { break search }
            }
        }
        return result
    }
}
