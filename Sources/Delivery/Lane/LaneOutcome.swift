package import ApusCore
package import SMTPProtocol

/// How a message left a lane.
package enum LaneOutcome: Sendable {
    /// There was a transaction: one outcome per recipient. The receiver settles it once the outcomes are in their markers.
    case attempted([SMTPRecipientOutcome], AttemptPlace, LaneSettlement)
    /// No host could be reached. The site is not asked again before `opensAt`.
    case failed(DeliveryFailure, opensAt: UnixMilliseconds?)
    /// No turn for it: hold it for this long. Not an attempt.
    case held(Duration)
    /// There are as many lanes as may be, and all of them are in use: hold it. Not an attempt.
    case noLane
    /// The lane closes. Not an attempt; `inDoubt` when this side closed the connection after the final dot had left.
    case stopped(inDoubt: Bool)
}
