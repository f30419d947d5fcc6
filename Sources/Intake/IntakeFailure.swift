internal import Backends
internal import SESModel

/// A backend that did not do its part.
struct IntakeFailure: Error {
    /// Whether it is certain that no record was written, so that quota can be given back.
    let isDefinite: Bool
    /// What the caller is told.
    let answer: SESError

    /// Quota or rate could not be asked for.
    static func throttlingAway(_ error: any Error) -> IntakeFailure {
        IntakeFailure(isDefinite: true, answer: Self.unavailable)
    }

    /// The body could not be stored, a record not be encoded, or a queue not be made ready.
    static func beforeProduce(_ error: any Error) -> IntakeFailure {
        let isAway = (error as? BodyError)?.code == .unavailable || (error as? BusError)?.code == .unavailable
        let answer = isAway ? Self.unavailable : Self.internalFailure
        return IntakeFailure(isDefinite: true, answer: answer)
    }

    /// The bus did not acknowledge.
    static func produce(_ error: any Error) -> IntakeFailure {
        switch (error as? BusError)?.code {
        case .recordTooLarge, .unknownTopic: IntakeFailure(isDefinite: true, answer: Self.internalFailure)
        case .unavailable, .closed: IntakeFailure(isDefinite: false, answer: Self.unavailable)
        default: IntakeFailure(isDefinite: false, answer: error is CancellationError ? Self.unavailable : Self.internalFailure)
        }
    }

    private static let unavailable = SESError(
        .serviceUnavailable, "The message is not known to be accepted. Try again; a message that was accepted will then be sent twice.")
    private static let internalFailure = SESError(.internalFailure, "The message could not be taken in.")
}
