/// How far the delivery of one message to one recipient has come.
struct Marker: Hashable, Sendable {
    enum Phase: UInt8, Hashable, Sendable {
        /// An owner works on it; nothing was sent past the final dot.
        case claimed = 1
        /// An owner has sent the final dot, or is about to.
        case data = 2
        /// There is an outcome.
        case finished = 3
        /// Given back without an outcome.
        case released = 4
    }

    var attempt: Int32
    var hop: Int32
    var phase: Phase
    /// An earlier owner died in ``Phase/data`` of this attempt: it may have been delivered.
    var isInDoubt: Bool
    /// Owners that died with it in their hands.
    var deaths: UInt8 = 0
    /// The owner's number in ``MarkerIndex``.
    var owner: UInt32
    /// Where the newest written record about it lies; nil until there is one.
    var position: LogPosition?
    /// Which of the record's recipients it is.
    var place: UInt16 = 0

    /// Whether a copy of the record with this attempt and hop is older than the one that the marker knows.
    func isNewer(thanAttempt attempt: Int32, hop: Int32) -> Bool {
        (self.attempt, self.hop) > (attempt, hop)
    }
}
