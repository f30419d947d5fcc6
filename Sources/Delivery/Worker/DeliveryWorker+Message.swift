internal import ApusCore
internal import ApusSchema
internal import Backends
internal import CoreMetrics
internal import Logging
internal import Metrics
internal import SMTPProtocol
internal import SwiftProtobuf

/// The life of one record.
extension DeliveryWorker {
    typealias Ticket = PartitionLedger.Ticket

    /// How a record leaves a worker's hands.
    private enum Ending {
        /// Everything that follows from it is durable, or follows from a guard copy.
        case complete
        /// It stays uncommitted and is read again, here or elsewhere.
        case leave
        /// What follows from it can never be written: it goes to the dead topic.
        case bury(reason: String)
    }

    /// Takes a record from reading to its end.
    func deliver(_ record: BusRecord, _ ticket: Ticket) async {
        var ending = await self.ending(of: record, ticket)
        if case .bury(let reason) = ending { ending = await self.bury(record, reason: reason) }
        var mayFlow = false
        if case .complete = ending { mayFlow = self.state.complete(ticket) }
        self.state.end(ticket)
        if mayFlow || self.state.ledger({ $0.mayFlow(ticket.position.topicPartition) }) { await self.flow.apply() }
    }

    private func ending(of record: BusRecord, _ ticket: Ticket) async -> Ending {
        guard !self.state.isStopping else { return .leave }
        switch OutboundRecord.read(record.value) {
        case .newer(let schema):
            // A rolling deploy: the next version of this worker reads it.
            self.state.ledger { $0.block(ticket) }
            await self.flow.apply()
            self.logger.critical(
                "a record was written by a newer version: its partition waits for an upgrade of this worker",
                metadata: [
                    "topic": "\(ticket.position.topicPartition.topic)", "partition": "\(ticket.position.topicPartition.partition)",
                    "offset": "\(ticket.position.offset)", "schema": "\(schema)",
                ])
            return .leave
        case .unusable(let reason):
            return await self.bury(record, reason: reason)
        case .record(let message):
            self.state.hold(message, ticket)
            let identity = message.identity
            // Copies come in bunches, after a crash, and most end as soon as the one before has its outcome: they take turns here. One
            // whose turn does not come looks again later.
            guard await self.state.enter(identity, within: self.configuration.turnPatience, clock: self.clock) else {
                guard !self.state.isStopping else { return .leave }
                return await self.hold(
                    message, recipients: message.message.recipients, for: self.ownerHold(message), ticket, counting: self.metrics.heldForOwner)
            }
            defer { self.state.exit(identity) }
            return await self.handle(message, read: record, ticket)
        }
    }

    /// How long a copy of a message that is in another's hands is put away: each time longer, for a session may take ten minutes at the
    /// final dot, and every look is a record written.
    private func ownerHold(_ record: OutboundRecord) -> Duration {
        // Retries count hops as well.
        let holds = max(Int(record.message.hop) - Int(record.message.attempt), 0)
        return self.configuration.ownerHold * (1 << (min(holds, 2) * 2))
    }

    private func handle(_ record: OutboundRecord, read original: BusRecord, _ ticket: Ticket) async -> Ending {
        let wait = record.notBefore - self.clock.now()
        if wait > .zero {
            guard wait <= self.configuration.shortWait else {
                return await self.hold(record, recipients: record.message.recipients, for: wait, ticket, counting: self.metrics.heldForTime)
            }
            do { try await self.clock.sleep(for: wait) } catch { return .leave }
        }
        var claim = DeliveryClaim(
            messageID: record.messageID, recipients: record.message.recipients, attempt: record.attempt, hop: Int(record.message.hop),
            owner: self.id)
        guard case .done(var answers) = await self.persist({ [claim] in try await self.throttling.claim(claim) }) else { return .leave }
        var suspects: PatientBudget?
        defer { suspects?.giveBack(1) }
        if let deaths = answers.compactMap(\.deaths).max() {
            // Workers have ended with it and with others in hand. A few of these at a time, and ever fewer: so it is found out which ends them.
            let whole = claim.recipients
            claim.recipients = zip(whole, answers).filter { $1 == .claimed || $1 == .claimedInDoubt }.map(\.0)
            if !claim.recipients.isEmpty { await self.release(claim) }
            claim.recipients = whole
            let room = self.state.suspects(deaths: deaths)
            guard await room.take(1, within: self.configuration.lanes.patience, clock: self.clock) else {
                guard !self.state.isStopping else { return .leave }
                return await self.hold(record, recipients: whole, for: self.ownerHold(record), ticket, counting: self.metrics.heldForOwner)
            }
            suspects = room
            claim.admittedDeaths = deaths
            guard case .done(let again) = await self.persist({ [claim] in try await self.throttling.claim(claim) }) else { return .leave }
            answers = again
        }
        guard answers.count == record.message.recipients.count else { return .leave }

        var open: [String] = []
        var held: [String] = []
        var kept: [String: Apus_V1_DeliveryOutcome] = [:]
        var deadly: [String] = []
        for (recipient, answer) in zip(record.message.recipients, answers) {
            switch answer {
            case .claimed: open.append(recipient)
            case .claimedInDoubt:
                self.metrics.inDoubt.increment()
                open.append(recipient)
            // One more owner has died meanwhile.
            case .heldByLivingOwner, .suspect: held.append(recipient)
            case .ownersDied: deadly.append(recipient)
            case .finished(let bytes):
                guard let outcome = try? Apus_V1_DeliveryOutcome(serializedBytes: bytes) else {
                    // Its claim cannot be had while the marker stands, and dropping it would lose the recipient: it is held until the
                    // marker's time is over, and then sent as new.
                    self.logger.error("a delivery marker cannot be read: its recipient is held")
                    held.append(recipient)
                    continue
                }
                self.metrics.replayed.increment()
                kept[recipient] = outcome
            case .superseded: self.metrics.superseded.increment()
            }
        }

        claim.recipients = open
        if !deadly.isEmpty {
            if !open.isEmpty { await self.release(claim) }
            return await self.conclude(record, kept: kept, held: held, heldFor: self.ownerHold(record), ticket, deadly: (original, open + deadly))
        }
        if !open.isEmpty {
            let attempt = await self.attempt(record, claim, ticket)
            switch attempt {
            case .outcomes(let outcomes, let settlement):
                let finishing = claim
                switch await self.persist({
                    try await self.throttling.finish(finishing, outcomes: try outcomes.map { try $0.serializedBytes() })
                }) {
                case .done: settlement?.settle()
                case .lost:
                    // A copy of this record was taken over while this one was on its way: that one speaks.
                    self.metrics.superseded.increment(by: open.count)
                    return .complete
                case .abandoned: return .leave
                }
                for (recipient, outcome) in zip(open, outcomes) { kept[recipient] = outcome }
            case .hold(let wait, let counter):
                await self.release(claim)
                guard kept.isEmpty, held.isEmpty else {
                    // Part of it is settled: the rest becomes a record of its own, beside what follows from the settled part.
                    return await self.conclude(record, kept: kept, held: held + open, heldFor: wait, ticket)
                }
                return await self.hold(record, recipients: open, for: wait, ticket, counting: counter)
            case .stopped(let inDoubt):
                // In doubt the marker keeps saying so.
                if !inDoubt { await self.release(claim) }
                return .leave
            }
        }
        return await self.conclude(record, kept: kept, held: held, heldFor: self.ownerHold(record), ticket)
    }

    // MARK: - The attempt

    private enum Attempt {
        /// One for each claimed recipient; a session may wait for them to be noted.
        case outcomes([Apus_V1_DeliveryOutcome], LaneSettlement? = nil)
        /// It could not start here and now.
        case hold(Duration, Counter)
        case stopped(inDoubt: Bool)
    }

    private func attempt(_ record: OutboundRecord, _ claim: DeliveryClaim, _ ticket: Ticket) async -> Attempt {
        let now = self.clock.now()
        if now >= record.expiresAt {
            self.metrics.expired.increment(by: claim.recipients.count)
            let failure = self.events.expiry(of: record.message, at: now, classifier: .shared)
            return .outcomes(self.outcomes(record, claim, Array(repeating: .failed(failure), count: claim.recipients.count)))
        }
        guard let limit = self.accountLimit(record.account) else { return await self.transact(record, claim, ticket) }
        let cost = min(claim.recipients.count, limit.burst)
        switch await self.pace(record, limit, cost: cost, ticket) {
        case .go: break
        case .hold(let wait): return .hold(wait, self.metrics.heldForRate)
        case .stopped: return .stopped(inDoubt: false)
        }
        let attempt = await self.transact(record, claim, ticket)
        switch attempt {
        case .outcomes: break
        case .hold, .stopped:
            // It comes back and pays then: a slow site must not eat the rate of its senders' other mail.
            try? await self.throttling.refund("account/\(record.account.rawValue)", limit: limit, count: cost)
        }
        return attempt
    }

    private func transact(_ record: OutboundRecord, _ claim: DeliveryClaim, _ ticket: Ticket) async -> Attempt {
        let hosts: MailHosts
        switch await self.sites.hosts(of: record.message.destination) {
        case .hosts(let found): hosts = found
        case .failed(let routing):
            return .outcomes(self.outcomes(record, claim, all: DeliveryFailure(routing: routing)))
        }
        let source: SourceAddress?
        switch self.source(of: record) {
        case .host: source = nil
        case .address(let address): source = address
        case .none: return .hold(self.laneHold(record), self.metrics.heldForPool)
        }
        // Bodies that the records do not carry are in memory only as many as fit: the others wait here, small.
        let reserved = Self.fetchedOctets(of: record)
        if reserved > 0 {
            guard await self.state.bodies.take(reserved, within: self.configuration.lanes.patience, clock: self.clock) else {
                return self.state.isStopping ? .stopped(inDoubt: false) : .hold(self.ownerHold(record), self.metrics.heldForLane)
            }
        }
        defer { if reserved > 0 { self.state.bodies.giveBack(reserved) } }
        let content: SMTPContent
        switch await self.content(of: record, ticket) {
        case .content(let made): content = made
        case .failed(let failure): return .outcomes(self.outcomes(record, claim, all: failure))
        case .wait(let wait): return .hold(wait, self.metrics.heldForLane)
        case .stopped: return .stopped(inDoubt: false)
        }

        // Addresses were checked at the entrance; one that does not fit SMTP fails alone.
        let addresses = claim.recipients.map { SMTPAddress($0) }
        let sender = record.message.returnPath.isEmpty ? nil : SMTPAddress(record.message.returnPath)
        guard record.message.returnPath.isEmpty || sender != nil else {
            return .outcomes(self.outcomes(record, claim, all: .internalFault("The return path is malformed")))
        }
        let recipients = addresses.compactMap { $0 }
        guard !recipients.isEmpty else {
            return .outcomes(self.outcomes(record, claim, Array(repeating: .failed(.malformedAddress), count: claim.recipients.count)))
        }
        let message = LaneMessage(
            transaction: SMTPTransaction(sender: sender, recipients: recipients, content: content), hosts: hosts,
            class: Topics.deliveryClass(of: ticket.position.topicPartition.topic), account: record.account, campaign: record.campaign,
            destination: record.message.destination, acceptedAt: record.acceptedAt, expiresAt: record.expiresAt, attempt: record.attempt,
            mark: { [throttling = self.throttling] completion in throttling.markData(claim, completion: completion) })
        let outcome = await self.lanes.enqueue(message, key: LaneKey(source: source, site: hosts.site, tls: self.configuration.tlsPolicy))
        switch outcome {
        case .attempted(let results, let place, let settlement):
            var rest = results[...]
            let all = addresses.map { address -> RecipientResult in
                guard address != nil, let result = rest.popFirst() else { return .failed(.malformedAddress) }
                return self.result(of: result)
            }
            return .outcomes(self.outcomes(record, claim, all, place: place), settlement)
        case .failed(let failure, let opensAt):
            return .outcomes(self.outcomes(record, claim, all: failure, laneOpensAt: opensAt))
        case .held(let wait):
            // Its deadline passed while it waited.
            let now = self.clock.now()
            if now >= record.expiresAt {
                self.metrics.expired.increment(by: claim.recipients.count)
                return .outcomes(self.outcomes(record, claim, all: self.events.expiry(of: record.message, at: now, classifier: .shared)))
            }
            return .hold(wait, self.metrics.heldForLane)
        case .noLane:
            return .hold(self.laneHold(record), self.metrics.heldForLanes)
        case .stopped(let inDoubt):
            return .stopped(inDoubt: inDoubt)
        }
    }

    /// How long a message for which there is no lane is put away: a quarter of a minute, a minute, five and then twenty, each of them one
    /// stay on one topic.
    private func laneHold(_ record: OutboundRecord) -> Duration {
        let holds = max(Int(record.message.hop) - Int(record.message.attempt), 0)
        return Self.laneHolds[min(holds, Self.laneHolds.count - 1)]
    }

    private static let laneHolds: [Duration] = [.seconds(15), .seconds(60), .seconds(300), .seconds(1200)]

    private enum Source {
        /// The host chooses.
        case host
        case address(SourceAddress)
        /// Not from here, or not now.
        case none
    }

    /// Where the message's next attempt is made from: chosen anew each time, so that one that was refused for its address takes another.
    private func source(of record: OutboundRecord) -> Source {
        let now = self.clock.now()
        if let pools = self.configuration.pools, !pools.contains(record.pool) {
            self.state.heldPools { $0.hold(record.pool, now: now) }
            return .none
        }
        guard !record.message.pool.isEmpty, let pool = self.sourcePool(record.account, record.message.pool), !pool.sources.isEmpty else {
            return .host
        }
        return self.state.nextSource(of: pool, named: record.pool, now: now).map { .address($0) } ?? .none
    }

    private enum Pace {
        case go
        case hold(Duration)
        case stopped
    }

    /// Waits for the account's rate: here, in line, when its turn is soon, or else away from here until then.
    private func pace(_ record: OutboundRecord, _ limit: RateLimit, cost: Int, _ ticket: Ticket) async -> Pace {
        let account = record.account
        let now = self.clock.now()
        // A record that was put away has had its turn, and is not overtaken by new ones.
        if record.message.hop == 0 {
            var earliest = Duration.zero
            if !self.state.turns({ $0.isQueueing(account, now: now) }) {
                switch await self.take(account, limit, cost: cost) {
                // No cost is above the burst.
                case .granted, .impossible: return .go
                case .denied(let retryAfter): earliest = retryAfter
                case nil: return .hold(self.configuration.ownerHold)
                }
            }
            let wait = self.state.turns { $0.take(account, cost: cost, limit: limit, now: now, earliest: earliest) }
            // Where memory gets short what waits makes room for others' mail.
            let hasRoom = self.state.ledger { $0.hasRoom(ticket.position.topicPartition) }
            guard wait <= (hasRoom ? self.configuration.rateWait : self.configuration.shortWait) else { return .hold(wait) }
        }
        let patience = self.configuration.rateWait * 2
        let arrival = self.clock.now()
        guard await self.state.enter(account.rawValue, within: patience, clock: self.clock) else {
            return self.state.isStopping ? .stopped : .hold(self.missedTurn(account, limit, cost: cost, earliest: .zero))
        }
        defer { self.state.exit(account.rawValue) }
        // First in line, and the only one here that asks.
        while true {
            switch await self.take(account, limit, cost: cost) {
            case .granted, .impossible:
                self.state.turns { $0.granted(account, cost: cost, limit: limit, now: self.clock.now()) }
                return .go
            case .denied(let retryAfter):
                guard self.clock.now() - arrival + retryAfter <= patience else {
                    return .hold(self.missedTurn(account, limit, cost: cost, earliest: retryAfter))
                }
                guard !self.state.isStopping else { return .stopped }
                do { try await self.clock.sleep(for: max(retryAfter, .milliseconds(1))) } catch { return .stopped }
            case nil: return .hold(self.configuration.ownerHold)
            }
        }
    }

    /// Asks the limiter; nil when nobody says how much may be sent: an engine that knows a share of it to be this worker's does not fail.
    private func take(_ account: AccountID, _ limit: RateLimit, cost: Int) async -> RateDecision? {
        do {
            return try await self.throttling.take("account/\(account.rawValue)", limit: limit, cost: cost)
        } catch {
            self.metrics.backendFailures.increment()
            return nil
        }
    }

    /// A turn came, and other workers had the tokens: the next one.
    private func missedTurn(_ account: AccountID, _ limit: RateLimit, cost: Int, earliest: Duration) -> Duration {
        let now = self.clock.now()
        return self.state.turns { turns in
            turns.missed(account, limit: limit, now: now)
            return max(turns.take(account, cost: cost, limit: limit, now: now, earliest: earliest), self.configuration.rateWait)
        }
    }

    // MARK: - Outcomes

    private func result(of outcome: SMTPRecipientOutcome) -> RecipientResult {
        switch outcome {
        case .accepted(let reply): return .delivered(reply)
        case .rejected(let reply, let stage), .deferred(let reply, let stage):
            return .failed(ReplyClassifier.shared.classify(reply, stage: stage))
        case .refusedLocally(let refusal): return .failed(DeliveryFailure(refusal))
        case .interrupted(let interruption):
            if interruption.dataMayBeAccepted { self.metrics.lostAfterDot.increment() }
            return .failed(DeliveryFailure(interruption, classifier: .shared))
        }
    }

    private func outcomes(
        _ record: OutboundRecord, _ claim: DeliveryClaim, all failure: DeliveryFailure, laneOpensAt: UnixMilliseconds? = nil
    ) -> [Apus_V1_DeliveryOutcome] {
        self.outcomes(
            record, claim, Array(repeating: .failed(failure), count: claim.recipients.count), laneOpensAt: laneOpensAt)
    }

    private func outcomes(
        _ record: OutboundRecord, _ claim: DeliveryClaim, _ results: [RecipientResult], place: AttemptPlace = AttemptPlace(),
        laneOpensAt: UnixMilliseconds? = nil
    ) -> [Apus_V1_DeliveryOutcome] {
        let now = self.clock.now()
        var generator = SystemRandomNumberGenerator()
        let notBefore = self.configuration.retry.notBefore(
            after: record.attempt, now: now, expiresAt: record.expiresAt, laneOpensAt: laneOpensAt, using: &generator)
        let outcomes = self.events.outcomes(
            of: record.message, recipients: claim.recipients, results: results, attempt: record.attempt, at: now, place: place,
            notBefore: notBefore)
        for outcome in outcomes {
            switch outcome.event.event {
            case .delivery:
                self.metrics.delivered.increment()
                self.metrics.latency.recordMilliseconds(outcome.event.delivery.processingTimeMs)
            case .deliveryDelay: self.metrics.deferred.increment()
            case .bounce: self.metrics.bounced.increment()
            case .send, .reject, nil: break
            }
        }
        return outcomes
    }

    /// Writes what follows from a record whose recipients are settled, or in another's hands.
    ///
    /// - Parameter deadly: the record as it was read, and recipients for whom nothing is tried any more until a person says so.
    private func conclude(
        _ record: OutboundRecord, kept: [String: Apus_V1_DeliveryOutcome], held: [String], heldFor: Duration, _ ticket: Ticket,
        deadly: (read: BusRecord, recipients: [String])? = nil
    ) async -> Ending {
        guard await self.state.beginClosing(ticket) else { return .complete }
        let now = self.clock.now()
        let topic = ticket.position.topicPartition.topic
        do {
            let settled = record.message.recipients.compactMap { recipient in kept[recipient].map { (recipient, $0) } }
            var records = try self.records.records(of: record.message, outcomes: settled, now: now, resumeTopic: topic)
            if !held.isEmpty {
                self.metrics.heldForOwner.increment()
                records.append(
                    try self.records.hold(of: record.message, recipients: held, notBefore: now + heldFor, now: now, resumeTopic: topic))
            }
            guard let deadly else {
                try await self.writer.write(records)
                return .complete
            }
            // What is settled is no part of the letter: a person may have it bounce.
            var rest = record.message
            rest.recipients = deadly.recipients
            var letter = deadly.read
            letter.value = try RecordCoding.encode(rest)
            let reason = "\(DeliveryClaim.maximumDeaths) workers ended while they had it in hand: it may be what ends them"
            try await self.writer.write(records + [try DeadLetters.record(of: letter, reason: reason, at: now)])
            self.noteDead(letter, reason: reason)
            return .complete
        } catch {
            self.logger.error("a message's outcome could not be written", metadata: ["message": "\(record.messageID)", "error": "\(error)"])
            return Self.ending(after: error)
        }
    }

    /// Puts a record on a hold topic; no attempt is counted.
    private func hold(
        _ record: OutboundRecord, recipients: [String], for wait: Duration, _ ticket: Ticket, counting counter: Counter
    ) async -> Ending {
        guard await self.state.beginClosing(ticket) else { return .complete }
        let now = self.clock.now()
        do {
            let copy = try self.records.hold(
                of: record.message, recipients: recipients, notBefore: min(now + wait, max(record.expiresAt, now)), now: now,
                resumeTopic: ticket.position.topicPartition.topic)
            try await self.writer.write([copy])
            counter.increment()
            return .complete
        } catch {
            self.logger.error("a record could not be held", metadata: ["message": "\(record.messageID)", "error": "\(error)"])
            return Self.ending(after: error)
        }
    }

    /// What the bus never takes would keep its partition from committing for ever.
    private static func ending(after error: any Error) -> Ending {
        switch (error as? BusError)?.code {
        case .recordTooLarge, .unknownTopic, .invalidArgument: .bury(reason: "the bus does not take what follows from the record")
        default: .leave
        }
    }

    private func bury(_ record: BusRecord, reason: String) async -> Ending {
        do {
            try await self.writer.write([try DeadLetters.record(of: record, reason: reason, at: self.clock.now())])
            self.noteDead(record, reason: reason)
            return .complete
        } catch {
            return .leave
        }
    }

    private func noteDead(_ record: BusRecord, reason: String) {
        self.metrics.dead.increment()
        self.logger.error(
            "a record went to the dead topic",
            metadata: [
                "topic": "\(record.position.topicPartition.topic)", "partition": "\(record.position.topicPartition.partition)",
                "offset": "\(record.position.offset)", "reason": "\(reason)",
            ])
    }

    // MARK: - Markers

    private func release(_ claim: DeliveryClaim) async {
        // Not released in time, the claim lapses with this worker.
        try? await self.throttling.release(claim)
    }

    private enum Persisted<Value: Sendable> {
        case done(Value)
        /// Another worker has the message now.
        case lost
        /// The worker ends before it succeeded.
        case abandoned
    }

    /// Does what must not be skipped, ever more slowly while it fails.
    private func persist<Value: Sendable>(_ step: () async throws -> Value) async -> Persisted<Value> {
        var pause = Duration.milliseconds(50)
        while true {
            do {
                return .done(try await step())
            } catch {
                if let error = error as? ThrottlingError, error.code == .claimLost { return .lost }
                self.metrics.backendFailures.increment()
                self.logger.warning("a delivery marker could not be read or written", metadata: ["error": "\(error)"])
                guard !self.state.isAbandoned else { return .abandoned }
                do { try await self.clock.sleep(for: pause) } catch { return .abandoned }
                pause = min(pause * 2, .seconds(2))
            }
        }
    }
}
