import MailSink

/// What became of one call of a generator. One record in the file of `--record`.
///
/// | offset | type | |
/// |---|---|---|
/// | 0 | u64 | sequence |
/// | 8 | u32 | run |
/// | 12 | u16 | recipients |
/// | 14 | u8 | ``Outcome`` |
/// | 15 | u8 | stream, by its place in the scenario |
/// | 16 | i64 | nanoseconds since 1970: when the call was to begin |
/// | 24 | i64 | when it began |
/// | 32 | i64 | when its answer came |
/// | 40 | u64 | hash of the id that was answered; 0 without one |
/// | 48 | u32 | octets of the message |
/// | 52 | u16 | HTTP status or SMTP code; 0 without an answer |
/// | 54 | u8 | ``Flags`` |
package struct SentRecord: FixedRecord, Hashable {
    package static var magic: StaticString { "APUSSNT1" }

    package enum Outcome: UInt8, Sendable {
        /// Accepted: from now on it is the system's responsibility.
        case accepted = 1
        /// Refused by an answer.
        case refused = 2
        /// The call began and no answer came: accepted or not, nobody knows.
        case inDoubt = 3
    }

    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It began late because all connections were busy, or none could be opened: the system was not fast enough.
        package static let waitedForConnection = Flags(rawValue: 1)
    }

    package var sequence: UInt64
    package var run: UInt32
    package var recipients: UInt16
    package var outcome: Outcome
    package var stream: UInt8
    package var scheduled: Int64
    package var began: Int64
    package var answered: Int64
    package var idHash: UInt64
    package var octets: UInt32
    package var code: UInt16
    package var flags: Flags

    package init(
        sequence: UInt64, run: UInt32, recipients: UInt16, outcome: Outcome, stream: UInt8, scheduled: Int64, began: Int64, answered: Int64,
        idHash: UInt64, octets: UInt32, code: UInt16, flags: Flags
    ) {
        self.sequence = sequence
        self.run = run
        self.recipients = recipients
        self.outcome = outcome
        self.stream = stream
        self.scheduled = scheduled
        self.began = began
        self.answered = answered
        self.idHash = idHash
        self.octets = octets
        self.code = code
        self.flags = flags
    }

    package init(octets: UnsafeRawBufferPointer) {
        self.init(
            sequence: octets.number(at: 0, as: UInt64.self), run: octets.number(at: 8, as: UInt32.self),
            recipients: octets.number(at: 12, as: UInt16.self), outcome: Outcome(rawValue: octets[14]) ?? .inDoubt, stream: octets[15],
            scheduled: octets.number(at: 16, as: Int64.self), began: octets.number(at: 24, as: Int64.self),
            answered: octets.number(at: 32, as: Int64.self), idHash: octets.number(at: 40, as: UInt64.self),
            octets: octets.number(at: 48, as: UInt32.self), code: octets.number(at: 52, as: UInt16.self), flags: Flags(rawValue: octets[54]))
    }

    package func write(to octets: UnsafeMutableRawBufferPointer) {
        octets.set(sequence, at: 0)
        octets.set(run, at: 8)
        octets.set(recipients, at: 12)
        octets.set(outcome.rawValue, at: 14)
        octets.set(stream, at: 15)
        octets.set(scheduled, at: 16)
        octets.set(began, at: 24)
        octets.set(answered, at: 32)
        octets.set(idHash, at: 40)
        octets.set(self.octets, at: 48)
        octets.set(code, at: 52)
        octets.set(flags.rawValue, at: 54)
    }
}
