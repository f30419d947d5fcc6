internal import ApusCore

/// A record of the marker log: recipients of one message that entered a phase together.
struct MarkerRecord: Hashable, Sendable {
    struct Recipient: Hashable, Sendable {
        var key: MarkerKey
        var isInDoubt: Bool
        /// Owners that died with it in their hands, at most 127.
        var deaths: UInt8 = 0
        /// With ``Marker/Phase/finished``: the outcome.
        var outcome: [UInt8]
    }

    var phase: Marker.Phase
    var at: UnixMilliseconds
    var attempt: Int32
    var hop: Int32
    var owner: WorkerID
    var recipients: [Recipient]

    init(phase: Marker.Phase, at: UnixMilliseconds, attempt: Int32, hop: Int32, owner: WorkerID, recipients: [Recipient]) {
        self.phase = phase
        self.at = at
        self.attempt = attempt
        self.hop = hop
        self.owner = owner
        self.recipients = recipients
    }

    /// A record about nobody, which is written to know when all before it is.
    static func nothing(at time: UnixMilliseconds) -> MarkerRecord {
        MarkerRecord(phase: .released, at: time, attempt: 0, hop: 0, owner: WorkerID("-"), recipients: [])
    }

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96 + self.recipients.reduce(0) { $0 + 20 + $1.outcome.count })
        bytes.append(self.phase.rawValue)
        bytes.appendLittleEndian(self.at.rawValue)
        bytes.appendLittleEndian(self.attempt)
        bytes.appendLittleEndian(self.hop)
        bytes.append(UInt8(self.owner.rawValue.utf8.count))
        bytes += self.owner.rawValue.utf8
        bytes.appendLittleEndian(UInt16(self.recipients.count))
        for recipient in self.recipients {
            bytes.appendLittleEndian(recipient.key.high)
            bytes.appendLittleEndian(recipient.key.low)
            bytes.append((recipient.isInDoubt ? 1 : 0) | recipient.deaths << 1)
            bytes.appendLittleEndian(UInt16(recipient.outcome.count))
            bytes += recipient.outcome
        }
        return bytes
    }

    /// - Returns: nil for bytes that are no such record.
    init?(_ bytes: ArraySlice<UInt8>) {
        var reader = LogReader(bytes)
        guard let tag = reader.integer(UInt8.self), let phase = Marker.Phase(rawValue: tag), let at = reader.integer(Int64.self),
            let attempt = reader.integer(Int32.self), let hop = reader.integer(Int32.self), let ownerCount = reader.integer(UInt8.self),
            let owner = reader.field(Int(ownerCount)), let count = reader.integer(UInt16.self)
        else { return nil }
        var recipients: [Recipient] = []
        for _ in 0..<count {
            guard let high = reader.integer(UInt64.self), let low = reader.integer(UInt64.self), let flags = reader.integer(UInt8.self),
                let outcomeCount = reader.integer(UInt16.self), let outcome = reader.field(Int(outcomeCount))
            else { return nil }
            recipients.append(Recipient(key: MarkerKey(high: high, low: low), isInDoubt: flags & 1 == 1, deaths: flags >> 1, outcome: Array(outcome)))
        }
        self.init(
            phase: phase, at: UnixMilliseconds(at), attempt: attempt, hop: hop,
            owner: WorkerID(String(decoding: owner, as: UTF8.self)), recipients: recipients
        )
    }
}
