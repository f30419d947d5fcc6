internal import ApusCore
internal import Backends
internal import Logging
internal import Synchronization

/// Delivery markers: an index in memory over a log on disk.
///
/// A marker is forgotten some time after its last change: a finished one when the record it belongs to cannot come back any more
/// (``Configuration/finishedHorizon``, counted in time that this process runs, for nothing comes back while it does not), an unfinished
/// one much later. The log's oldest segment goes when nothing in it is needed; the few unfinished markers in it are written again.
/// Above its bounds the oldest finished markers go before their time, which can double a message that is read again after a crash;
/// when even that does not help, claims are refused.
final class DeliveryMarkers: Sendable {
    struct Configuration: Sendable {
        var folder: String
        /// How long an outcome is kept.
        var finishedHorizon: Duration
        /// How long a claim without an outcome is kept.
        var unfinishedHorizon: Duration
        /// The most markers.
        var maximumMarkers: Int
        /// The most bytes on disk.
        var maximumBytes: Int
        var segmentBytes: Int
        var segmentSeconds: Int64
    }

    private struct State {
        var index = MarkerIndex()
        /// The time of each segment's newest record.
        var newest: [UInt32: UnixMilliseconds] = [:]
        var isCollectionAsked = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// Calls back from the log, which is made before what it calls.
    private final class Collector: Sendable {
        let collect = Mutex<(@Sendable () -> Void)?>(nil)
    }

    private let configuration: Configuration
    private let shared: Shared
    private let log: SegmentedLog
    private let workers: WorkerTable
    private let logger: Logger
    private let now: @Sendable () -> UnixMilliseconds
    /// When this opening began, and when the one before wrote its last record.
    private let openedAt: UnixMilliseconds
    private let lastWrittenAt: UnixMilliseconds

    /// Opens the markers in a folder. Blocks.
    init(_ configuration: Configuration, workers: WorkerTable, logger: Logger, now: @escaping @Sendable () -> UnixMilliseconds) throws {
        let shared = Shared()
        self.configuration = configuration
        self.shared = shared
        self.workers = workers
        self.logger = logger
        self.now = now
        self.openedAt = now()
        let collector = Collector()
        self.log = try SegmentedLog(
            SegmentedLog.Configuration(
                folder: configuration.folder, name: "markers", segmentBytes: configuration.segmentBytes,
                segmentSeconds: configuration.segmentSeconds
            ),
            hooks: SegmentedLog.Hooks(segmentEnded: { _, _ in collector.collect.withLock { $0 }?() }),
            logger: logger
        ) { payload, position in
            guard let record = MarkerRecord(payload) else {
                throw ThrottlingError(.corrupt, "segment \(position.segment) of the marker log has an unknown record at \(position.offset)")
            }
            shared.state.withLock { state in
                state.index.replay(record, at: position)
                state.newest[position.segment] = max(state.newest[position.segment] ?? record.at, record.at)
            }
        }
        self.lastWrittenAt = shared.state.withLock { $0.newest.values.max() } ?? self.openedAt
        collector.collect.withLock { $0 = { [weak self] in self?.askForCollection() } }
        self.askForCollection()
    }

    /// The number of markers in memory.
    var count: Int { self.shared.state.withLock { $0.index.count } }

    func claim(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<[ClaimAnswer], any Error>) -> Void) {
        let step: (answers: [MarkerIndex.Answer], isCrowded: Bool)
        do {
            let (keys, attempt, hop) = try Self.checked(claim)
            step = try self.shared.state.withLock { state in
                guard state.index.count + keys.count <= self.configuration.maximumMarkers else {
                    throw ThrottlingError(.unavailable, "too many deliveries are remembered")
                }
                let (answers, claimed, setAside) = state.index.claim(
                    keys, attempt: attempt, hop: hop, owner: claim.owner, admittedDeaths: claim.admittedDeaths, isAlive: self.workers.isAlive
                )
                let isCrowded = state.index.count > self.configuration.maximumMarkers / 10 * 9
                // Nothing has been sent yet, so nobody waits for these records; whatever is written after them is on disk after them.
                if !claimed.isEmpty { try self.append(self.record(.claimed, claim, claimed), &state.index, completion: nil) }
                if !setAside.isEmpty { try self.append(self.record(.released, claim, setAside), &state.index, completion: nil) }
                return (answers, isCrowded)
            }
        } catch {
            completion(.failure(error))
            return
        }
        if step.isCrowded { self.askForCollection() }
        self.complete(step.answers, of: claim, completion)
    }

    func markData(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        self.step(claim, .data, completion) { index, keys, attempt, hop in
            guard let recipients = index.markData(keys, attempt: attempt, hop: hop, owner: claim.owner) else { throw Self.claimLost }
            return recipients
        }
    }

    func finish(_ claim: DeliveryClaim, outcomes: [[UInt8]], completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        self.step(claim, .finished, completion) { index, keys, attempt, hop in
            guard outcomes.count == keys.count, outcomes.allSatisfy({ $0.count <= DeliveryClaim.maximumOutcomeBytes }) else {
                throw ThrottlingError(.invalidArgument, "there is one outcome per recipient, of at most 8 KB")
            }
            let recipients = index.finish(
                keys, outcomes: outcomes, attempt: attempt, hop: hop, owner: claim.owner, isAlive: self.workers.isAlive
            )
            guard let recipients else { throw Self.claimLost }
            return recipients
        }
    }

    func release(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        self.step(claim, .released, completion) { index, keys, attempt, hop in
            index.release(keys, attempt: attempt, hop: hop, owner: claim.owner)
        }
    }

    func close() async {
        await self.log.close()
    }

    private static let claimLost = ThrottlingError(.claimLost, "another worker has taken the message over")
}

extension DeliveryMarkers {
    /// Moves the index and appends what it says, in one order for all, and completes when it is written.
    private func step(
        _ claim: DeliveryClaim, _ phase: Marker.Phase, _ completion: @escaping @Sendable (Result<Void, any Error>) -> Void,
        _ move: (inout MarkerIndex, [MarkerKey], Int32, Int32) throws -> [MarkerRecord.Recipient]
    ) {
        do {
            let (keys, attempt, hop) = try Self.checked(claim)
            let isDone = try self.shared.state.withLock { state in
                let recipients = try move(&state.index, keys, attempt, hop)
                guard !recipients.isEmpty else { return true }
                try self.append(self.record(phase, claim, recipients), &state.index, completion: completion)
                return false
            }
            if isDone { completion(.success(())) }
        } catch {
            completion(.failure(error))
        }
    }

    private func append(
        _ record: MarkerRecord, _ index: inout MarkerIndex, completion: (@Sendable (Result<Void, any Error>) -> Void)?
    ) throws {
        do throws(ThrottlingLogError) {
            try self.log.append(record.encoded()) { result in
                switch result {
                case .success(let position):
                    self.shared.state.withLock { state in
                        state.index.written(record, at: position)
                        state.newest[position.segment] = max(state.newest[position.segment] ?? record.at, record.at)
                    }
                    completion?(.success(()))
                case .failure(let error):
                    if record.phase != .claimed { self.shared.state.withLock { $0.index.notWritten(record) } }
                    completion?(.failure(ThrottlingError(.unavailable, "the marker log cannot be written", cause: error)))
                }
            }
        } catch {
            index.notWritten(record)
            throw error.throttlingError
        }
    }

    /// Answers a claim, with outcomes from the log where they are no longer in memory.
    ///
    /// When the log cannot be read the claim fails as a whole, and what it had taken is given back. An outcome that is read and is damaged
    /// cannot be repeated, nor may its recipient be sent to again while the marker stands: it counts as another's until it is forgotten.
    private func complete(
        _ answers: [MarkerIndex.Answer], of claim: DeliveryClaim, _ completion: @escaping @Sendable (Result<[ClaimAnswer], any Error>) -> Void
    ) {
        let needsLog = answers.contains { if case .finishedAt = $0 { true } else { false } }
        guard needsLog else {
            completion(.success(answers.map { Self.answer($0, outcome: []) }))
            return
        }
        self.log.maintain { isOpen in
            guard isOpen else {
                completion(.failure(ThrottlingLogError.closed.throttlingError))
                return
            }
            do {
                completion(
                    .success(
                        try answers.map { answer in
                            guard case .finishedAt(let position, let place) = answer else { return Self.answer(answer, outcome: []) }
                            guard let payload = try self.log.read(at: position), let record = MarkerRecord(payload[...]),
                                record.recipients.indices.contains(place)
                            else {
                                self.logger.error(
                                    "an outcome is damaged: its recipient waits until the marker is forgotten",
                                    metadata: ["segment": "\(position.segment)", "offset": "\(position.offset)"])
                                return .heldByLivingOwner
                            }
                            return Self.answer(answer, outcome: record.recipients[place].outcome)
                        }))
            } catch {
                self.giveBack(answers, of: claim)
                completion(.failure(ThrottlingError(.unavailable, "an outcome cannot be read from the marker log", cause: error)))
            }
        }
    }

    /// Gives back what a claim had taken that fails.
    private func giveBack(_ answers: [MarkerIndex.Answer], of claim: DeliveryClaim) {
        var taken = claim
        taken.recipients = zip(claim.recipients, answers).filter { $1 == .claimed || $1 == .claimedInDoubt }.map(\.0)
        // Should that fail as well, the recipients are this owner's until it ends.
        if !taken.recipients.isEmpty { self.release(taken) { _ in } }
    }

    private static func answer(_ answer: MarkerIndex.Answer, outcome: [UInt8]) -> ClaimAnswer {
        switch answer {
        case .claimed: .claimed
        case .claimedInDoubt: .claimedInDoubt
        case .heldByLivingOwner: .heldByLivingOwner
        case .suspect(let deaths): .suspect(deaths: deaths)
        case .ownersDied: .ownersDied
        case .superseded: .superseded
        case .finished(let outcome): .finished(outcome: outcome)
        case .finishedAt: .finished(outcome: outcome)
        }
    }

    private func record(_ phase: Marker.Phase, _ claim: DeliveryClaim, _ recipients: [MarkerRecord.Recipient]) -> MarkerRecord {
        MarkerRecord(
            phase: phase, at: self.now(), attempt: Int32(claim.attempt), hop: Int32(claim.hop), owner: claim.owner, recipients: recipients
        )
    }

    private static func checked(_ claim: DeliveryClaim) throws -> ([MarkerKey], Int32, Int32) {
        guard (1...DeliveryClaim.maximumRecipients).contains(claim.recipients.count), (1...64).contains(claim.owner.rawValue.utf8.count),
            let attempt = Int32(exactly: claim.attempt), let hop = Int32(exactly: claim.hop)
        else {
            throw ThrottlingError(.invalidArgument, "a claim has 1 to \(DeliveryClaim.maximumRecipients) recipients and an owner of 1 to 64 bytes")
        }
        return (claim.recipients.map { MarkerKey(claim.messageID, $0) }, attempt, hop)
    }
}

extension DeliveryMarkers {
    /// Looks for segments to remove, soon.
    func askForCollection() {
        let isNew = self.shared.state.withLock { state in
            defer { state.isCollectionAsked = true }
            return !state.isCollectionAsked
        }
        guard isNew else { return }
        self.log.maintain { isOpen in
            self.shared.state.withLock { $0.isCollectionAsked = false }
            guard isOpen else { return }
            do {
                try self.collect()
            } catch {
                self.logger.error("old delivery markers cannot be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Removes the oldest segments that are not needed, one after the other.
    private func collect() throws {
        let numbers = try self.log.segments().dropLast()
        var bytes = numbers.reduce(0) { $0 + self.log.size(segment: $1) }
        for number in numbers {
            let (newest, count) = self.shared.state.withLock { ($0.newest[number], $0.index.count) }
            let isOld = newest.map { self.age(of: $0, segment: number) >= self.configuration.finishedHorizon } ?? true
            let isCrowded = count > self.configuration.maximumMarkers / 10 * 9 || bytes > self.configuration.maximumBytes
            guard isOld || isCrowded else { return }
            if !isOld {
                self.logger.warning(
                    "delivery markers are forgotten before their time",
                    metadata: ["markers": "\(count)", "bytes": "\(bytes)"]
                )
            }
            bytes -= self.log.size(segment: number)
            let kept = try self.forget(segment: number)
            guard kept.isEmpty else {
                try self.writeAgain(kept, thenRemove: number)
                return
            }
            try self.log.remove(segment: number)
            self.shared.state.withLock { $0.newest[number] = nil }
        }
    }

    private func forget(segment number: UInt32) throws -> [MarkerRecord] {
        var kept: [MarkerRecord] = []
        try self.log.read(segment: number) { payload, position in
            guard let record = MarkerRecord(payload) else { return }
            let keepsUnfinished = self.age(of: record.at, segment: number) < self.configuration.unfinishedHorizon
            kept += self.shared.state.withLock { $0.index.forget(record, at: position, keepsUnfinished: keepsUnfinished) }
        }
        return kept
    }

    /// Writes records to the newest segment, and removes the old one when they are there.
    private func writeAgain(_ records: [MarkerRecord], thenRemove number: UInt32) throws {
        for record in records {
            // In one order with all other steps: written behind a newer step, the old one would be the last word.
            try self.shared.state.withLock { state in
                guard state.index.isCurrent(record) else { return }
                try self.log.append(record.encoded()) { result in
                    guard case .success(let position) = result else { return }
                    self.shared.state.withLock { $0.index.writtenAgain(record, at: position) }
                }
            }
        }
        // Behind them all, when they are written: an empty record would say nothing, so the last one is asked for by a step of its own.
        try self.log.append(MarkerRecord.nothing(at: self.now()).encoded()) { result in
            guard case .success = result else { return }
            self.log.maintain { isOpen in
                guard isOpen, (try? self.log.remove(segment: number)) != nil else { return }
                self.shared.state.withLock { $0.newest[number] = nil }
                self.askForCollection()
            }
        }
    }

    /// How long ago an instant is, not counting the time between the last run of this log and this one.
    private func age(of instant: UnixMilliseconds, segment: UInt32) -> Duration {
        let now = self.now()
        guard segment < self.log.firstSegment else { return now - instant }
        return (now - self.openedAt) + (self.lastWrittenAt - instant)
    }
}
