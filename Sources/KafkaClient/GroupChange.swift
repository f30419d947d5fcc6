/// A change of the group's assignment on its way through the consumer's thread.
struct GroupChange {
    enum Step {
        /// Asking where the group stands in partitions that come.
        case resolving
        /// The handler is running.
        case telling
    }

    /// Tells a handler that returns late from the one that is waited for.
    let number: UInt64
    let isAssignment: Bool
    let partitions: [KafkaPartition]
    /// The group gave them to another member already: nothing can be committed any more.
    let isLost: Bool
    var step: Step?
    /// When the handler is not waited for any longer.
    var deadline: ContinuousClock.Instant?

    init(number: UInt64, isAssignment: Bool, partitions: [KafkaPartition], isLost: Bool) {
        self.number = number
        self.isAssignment = isAssignment
        self.partitions = partitions
        self.isLost = isLost
    }
}
