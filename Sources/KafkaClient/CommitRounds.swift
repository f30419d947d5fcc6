/// Commits on their way: one with the brokers, and those that came meanwhile, which go together in the next.
struct CommitRounds {
    struct Round {
        var number: UInt
        var offsets: [KafkaPartition: Int64] = [:]
        var waiters: [CheckedContinuation<Void, any Error>] = []
        var deadline: ContinuousClock.Instant?
    }

    /// What the brokers have been asked for.
    var flying: Round?
    /// What comes next.
    var next = Round(number: 1)

    /// When the one under way is given up.
    var deadline: ContinuousClock.Instant? { self.flying?.deadline }

    /// Starts the next round, if there is something and nothing is under way.
    mutating func launch(deadline: ContinuousClock.Instant) -> Round? {
        guard self.flying == nil, !self.next.waiters.isEmpty else { return nil }
        var round = self.next
        round.deadline = deadline
        self.next = Round(number: round.number + 1)
        self.flying = round
        return round
    }

    /// Ends the round under way.
    mutating func land() -> Round? {
        let round = self.flying
        self.flying = nil
        return round
    }
}
