/// What an operator does with a record that could not be handled.
enum DeadSettlement: String, Codable, Sendable {
    /// Puts it back where it was read.
    case requeue
    /// Tells the sender that it was not delivered.
    case bounce
    /// Drops it.
    case discard

    /// As it is told when it is done.
    var done: String {
        switch self {
        case .requeue: "requeued"
        case .bounce: "bounced"
        case .discard: "discarded"
        }
    }
}
