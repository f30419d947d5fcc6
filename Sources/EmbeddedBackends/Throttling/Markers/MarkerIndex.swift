internal import ApusCore
internal import Backends

/// All markers in memory, and the rules by which they move. Pure: it neither writes, nor locks, nor knows the time.
struct MarkerIndex: Sendable {
    /// The answer to a claim of one recipient.
    enum Answer: Hashable, Sendable {
        case claimed
        case claimedInDoubt
        case heldByLivingOwner
        case suspect(deaths: Int)
        case ownersDied
        case superseded
        /// Finished, and the outcome is still in memory.
        case finished(outcome: [UInt8])
        /// Finished, and the outcome is in the log.
        case finishedAt(LogPosition, place: Int)
    }

    private(set) var markers: [MarkerKey: Marker] = [:]
    /// Outcomes on their way to the log.
    private var outcomes: [MarkerKey: [UInt8]] = [:]
    private var owners: [WorkerID] = []
    private var ownerNumbers: [WorkerID: UInt32] = [:]

    var count: Int { self.markers.count }

    /// Claims recipients.
    ///
    /// - Parameters:
    ///   - admittedDeaths: the most that what is claimed may have caused.
    ///   - isAlive: whether another owner is.
    /// - Returns: the answers in order, the recipients that are now the claimer's, to be written, and those that are nobody's since too many
    ///   owners died with them, or since they are suspected of it, to be written too.
    mutating func claim(
        _ keys: [MarkerKey], attempt: Int32, hop: Int32, owner: WorkerID, admittedDeaths: Int, isAlive: (WorkerID) -> Bool
    ) -> (answers: [Answer], claimed: [MarkerRecord.Recipient], setAside: [MarkerRecord.Recipient]) {
        let number = self.number(of: owner)
        var answers: [Answer] = []
        var claimed: [MarkerRecord.Recipient] = []
        var setAside: [MarkerRecord.Recipient] = []
        var seen: [MarkerKey: Int] = [:]
        for key in keys {
            // The same recipient twice in one claim gets one answer.
            if keys.count > 1 {
                if let index = seen[key] {
                    answers.append(answers[index])
                    continue
                }
                seen[key] = answers.count
            }
            var (answer, deaths) = self.answer(key, attempt: attempt, hop: hop, owner: number, isAlive: isAlive)
            let old = self.markers[key]
            let isInDoubt: Bool
            switch answer {
            case .claimed, .claimedInDoubt:
                isInDoubt = answer == .claimedInDoubt
                if Int(deaths) > admittedDeaths { answer = .suspect(deaths: Int(deaths)) }
            default: isInDoubt = old.map { $0.phase == .data || $0.isInDoubt } ?? false
            }
            answers.append(answer)
            switch answer {
            case .claimed, .claimedInDoubt:
                self.outcomes[key] = nil
                self.markers[key] = Marker(
                    attempt: attempt, hop: hop, phase: .claimed, isInDoubt: isInDoubt, deaths: deaths, owner: number, position: old?.position,
                    place: old?.place ?? 0
                )
                claimed.append(MarkerRecord.Recipient(key: key, isInDoubt: isInDoubt, deaths: deaths, outcome: []))
            case .suspect, .ownersDied:
                // Nobody's; the deaths of a suspect stand.
                self.markers[key] = Marker(
                    attempt: attempt, hop: hop, phase: .released, isInDoubt: isInDoubt, deaths: deaths, owner: number, position: old?.position,
                    place: old?.place ?? 0
                )
                setAside.append(MarkerRecord.Recipient(key: key, isInDoubt: isInDoubt, deaths: deaths, outcome: []))
            case .heldByLivingOwner, .superseded, .finished, .finishedAt: break
            }
        }
        return (answers, claimed, setAside)
    }

    /// - Returns: the answer, and how many owners will have died with what is claimed.
    private func answer(
        _ key: MarkerKey, attempt: Int32, hop: Int32, owner: UInt32, isAlive: (WorkerID) -> Bool
    ) -> (Answer, deaths: UInt8) {
        guard let marker = self.markers[key] else { return (.claimed, 0) }
        if marker.isNewer(thanAttempt: attempt, hop: hop) { return (.superseded, 0) }
        switch marker.phase {
        case .finished:
            guard marker.attempt == attempt else { return (.claimed, 0) }
            if let outcome = self.outcomes[key] { return (.finished(outcome: outcome), 0) }
            guard let position = marker.position else { return (.claimedInDoubt, 0) }
            return (.finishedAt(position, place: Int(marker.place)), 0)
        case .released:
            return (marker.isInDoubt && marker.attempt == attempt ? .claimedInDoubt : .claimed, marker.deaths)
        case .claimed, .data:
            let isInDoubt = marker.phase == .data || marker.isInDoubt
            // What an owner has in hand it knows itself.
            if marker.owner == owner { return (isInDoubt ? .claimedInDoubt : .claimed, marker.deaths) }
            if isAlive(self.owners[Int(marker.owner)]) { return (.heldByLivingOwner, 0) }
            let deaths = marker.deaths + 1
            if Int(deaths) >= DeliveryClaim.maximumDeaths { return (.ownersDied, 0) }
            return (isInDoubt ? .claimedInDoubt : .claimed, deaths)
        }
    }

    /// Moves claimed recipients to ``Marker/Phase/data``, all or none.
    ///
    /// - Returns: what is to be written; nil when one of them is not the owner's any more.
    mutating func markData(_ keys: [MarkerKey], attempt: Int32, hop: Int32, owner: WorkerID) -> [MarkerRecord.Recipient]? {
        let number = self.number(of: owner)
        for key in keys {
            guard let marker = self.markers[key] else { continue }
            guard marker.owner == number, marker.attempt == attempt, marker.hop == hop, marker.phase == .claimed || marker.phase == .data
            else { return nil }
        }
        return keys.map { key in
            var marker = self.markers[key] ?? Marker(attempt: attempt, hop: hop, phase: .data, isInDoubt: false, owner: number)
            marker.phase = .data
            self.markers[key] = marker
            return MarkerRecord.Recipient(key: key, isInDoubt: marker.isInDoubt, deaths: marker.deaths, outcome: [])
        }
    }

    /// Gives recipients their outcomes, all or none.
    ///
    /// - Returns: what is to be written; nil when one of them was taken over by a living owner or a later copy.
    mutating func finish(
        _ keys: [MarkerKey], outcomes: [[UInt8]], attempt: Int32, hop: Int32, owner: WorkerID, isAlive: (WorkerID) -> Bool
    ) -> [MarkerRecord.Recipient]? {
        let number = self.number(of: owner)
        for key in keys {
            guard let marker = self.markers[key] else { continue }
            guard !marker.isNewer(thanAttempt: attempt, hop: hop) else { return nil }
            let isUnderWay = marker.phase == .claimed || marker.phase == .data
            if marker.owner != number, isUnderWay, isAlive(self.owners[Int(marker.owner)]) { return nil }
        }
        return zip(keys, outcomes).map { key, outcome in
            let old = self.markers[key]
            self.markers[key] = Marker(
                attempt: attempt, hop: hop, phase: .finished, isInDoubt: false, owner: number, position: old?.position,
                place: old?.place ?? 0
            )
            self.outcomes[key] = outcome
            return MarkerRecord.Recipient(key: key, isInDoubt: false, outcome: outcome)
        }
    }

    /// Gives the owner's unfinished recipients back; others are left as they are.
    ///
    /// - Returns: what is to be written.
    mutating func release(_ keys: [MarkerKey], attempt: Int32, hop: Int32, owner: WorkerID) -> [MarkerRecord.Recipient] {
        let number = self.number(of: owner)
        return keys.compactMap { key in
            guard var marker = self.markers[key], marker.owner == number, marker.attempt == attempt, marker.hop == hop,
                marker.phase == .claimed || marker.phase == .data
            else { return nil }
            marker.phase = .released
            self.markers[key] = marker
            return MarkerRecord.Recipient(key: key, isInDoubt: marker.isInDoubt, deaths: marker.deaths, outcome: [])
        }
    }

    /// Notes where a record was written. Records are written in the order in which they were made, so the last one noted is the newest.
    mutating func written(_ record: MarkerRecord, at position: LogPosition) {
        for (place, recipient) in record.recipients.enumerated() {
            guard self.markers[recipient.key] != nil else { continue }
            self.markers[recipient.key]?.position = position
            self.markers[recipient.key]?.place = UInt16(place)
            if record.phase == .finished, self.outcomes[recipient.key] == recipient.outcome { self.outcomes[recipient.key] = nil }
        }
    }

    /// Whether every marker of a record still says what the record says.
    func isCurrent(_ record: MarkerRecord) -> Bool {
        record.recipients.allSatisfy { recipient in
            guard let marker = self.markers[recipient.key] else { return false }
            return marker.attempt == record.attempt && marker.hop == record.hop && marker.phase == record.phase
        }
    }

    /// Notes that what a marker says was written a second time, unless it has moved on since.
    mutating func writtenAgain(_ record: MarkerRecord, at position: LogPosition) {
        for (place, recipient) in record.recipients.enumerated() {
            guard let marker = self.markers[recipient.key], marker.attempt == record.attempt, marker.hop == record.hop,
                marker.phase == record.phase
            else { continue }
            self.markers[recipient.key]?.position = position
            self.markers[recipient.key]?.place = UInt16(place)
        }
    }

    /// Takes the step of a record back that could not be written: the recipients are where a crash at this point would leave them.
    mutating func notWritten(_ record: MarkerRecord) {
        let number = self.number(of: record.owner)
        for recipient in record.recipients {
            guard let marker = self.markers[recipient.key], marker.owner == number, marker.attempt == record.attempt,
                marker.hop == record.hop, marker.phase == record.phase
            else { continue }
            switch record.phase {
            case .finished:
                // The dot may have been sent: its owner has it in hand still.
                self.outcomes[recipient.key] = nil
                self.markers[recipient.key]?.phase = .data
            case .data: self.markers[recipient.key]?.phase = .claimed
            case .claimed: self.markers[recipient.key]?.phase = .released
            case .released: break
            }
        }
    }

    /// Applies a stored record.
    mutating func replay(_ record: MarkerRecord, at position: LogPosition) {
        let number = self.number(of: record.owner)
        for (place, recipient) in record.recipients.enumerated() {
            self.markers[recipient.key] = Marker(
                attempt: record.attempt, hop: record.hop, phase: record.phase, isInDoubt: recipient.isInDoubt, deaths: recipient.deaths,
                owner: number,
                position: position, place: UInt16(place)
            )
        }
    }

    /// Forgets the markers about which nothing is written after `segment`.
    ///
    /// - Parameters:
    ///   - record: one of the segment's records.
    ///   - keepsUnfinished: whether markers without an outcome stay.
    /// - Returns: those that stay, to be written again, in their present phase.
    mutating func forget(_ record: MarkerRecord, at position: LogPosition, keepsUnfinished: Bool) -> [MarkerRecord] {
        var kept: [MarkerRecord] = []
        for (place, recipient) in record.recipients.enumerated() {
            // Another record is newer, or one is on its way and will be.
            guard let marker = self.markers[recipient.key], marker.position == position, marker.place == UInt16(place),
                marker.phase == record.phase, self.outcomes[recipient.key] == nil
            else { continue }
            if keepsUnfinished, marker.phase == .claimed || marker.phase == .data {
                let same = MarkerRecord.Recipient(key: recipient.key, isInDoubt: marker.isInDoubt, deaths: marker.deaths, outcome: [])
                kept.append(
                    MarkerRecord(
                        phase: marker.phase, at: record.at, attempt: marker.attempt, hop: marker.hop,
                        owner: self.owners[Int(marker.owner)], recipients: [same]
                    )
                )
            } else {
                self.markers[recipient.key] = nil
            }
        }
        return kept
    }

    private mutating func number(of owner: WorkerID) -> UInt32 {
        if let number = self.ownerNumbers[owner] { return number }
        let number = UInt32(self.owners.count)
        self.owners.append(owner)
        self.ownerNumbers[owner] = number
        return number
    }
}
