package import ApusCore
package import Backends

/// What a worker has read and not finished, as a pure state machine: trackers, the byte budget, who is paused and why, and which message
/// is in whose hands.
///
/// A record's way: ``receive(_:octets:now:)`` → (``detaching(now:)``, ``detached(_:)``) → ``complete(_:)`` → ``end(_:)``. Completing makes it
/// committable; ending gives its memory back. A detached record is complete long before it ends.
package struct PartitionLedger: Sendable {
    /// Its bounds.
    package struct Limits: Hashable, Sendable {
        /// Octets of all records that were read and not ended; at the bound all partitions pause, at half of it they resume.
        package var octets = 256 << 20
        /// Records of one partition that are in hand; at the bound it pauses, at half of it it resumes.
        package var inFlightPerPartition = 16_384
        /// Records of one partition that were read and are not committable, finished ones behind an unfinished one included; likewise.
        /// They cost a few bytes each, and one record that takes its time must not stop those that do not.
        package var pendingPerPartition = 1 << 20
        /// Octets of one partition, likewise.
        package var octetsPerPartition = 64 << 20
        /// A record that keeps its partition from committing for so long is detached.
        ///
        /// A little more than a lane's patience, so that a message that only waits is held by its lane.
        package var patience: Duration = .seconds(35)
        /// The same when the records that cannot be committed are three quarters of their bound.
        package var shortPatience: Duration = .seconds(2)

        package init() {}
    }

    /// A record in the worker's hands.
    package struct Ticket: Hashable, Sendable {
        package let position: RecordPosition
        /// Which ownership of the partition it was read in.
        package let generation: Int
    }

    private enum Stage: Sendable {
        /// Somewhere between read and sent.
        case open
        /// A guard copy is being written.
        case detaching
        /// The guard copy speaks for it now.
        case detached
        /// Its outcome is being written: it will be complete in a moment.
        case closing
    }

    private struct InFlight: Sendable {
        var octets: Int
        var since: UnixMilliseconds
        var stage = Stage.open

        var isDetached: Bool { if case .detached = self.stage { true } else { false } }
    }

    private struct Partition: Sendable {
        var generation: Int
        /// The index of its topic.
        var topic: Int
        var tracker = OffsetTracker()
        var inFlight: [Int64: InFlight] = [:]
        var octets = 0
        /// The offset to commit that was not committed yet.
        var commit: Int64?
        var isRevoking = false
        var isBlocked = false
        var isFull = false
        var isPaused = false

        /// - Returns: the ticket's generation and the topic's index, or nil when the record is not to be handled.
        mutating func receive(_ offset: Int64, octets: Int, now: UnixMilliseconds) -> (generation: Int, topic: Int)? {
            guard !self.isRevoking, !self.isBlocked, self.tracker.register(offset) else { return nil }
            self.inFlight[offset] = InFlight(octets: octets, since: now)
            self.octets += octets
            return (self.generation, self.topic)
        }
    }

    /// What the partitions of one topic hold.
    private struct Topic: Sendable {
        var octets = 0
        var isOverShare = false
    }

    private let limits: Limits
    private var partitions: [TopicPartition: Partition] = [:]
    /// Records of partitions that were lost meanwhile.
    private var orphans: [Ticket: Int] = [:]
    private var generation = 0
    private var topics: [Topic] = []
    private var topicIndices: [String: Int] = [:]
    private var isOverBudget = false
    private var active: Set<String> = []
    /// Octets of all records that were read and not ended.
    package private(set) var octets = 0
    /// Records in hand that a guard copy speaks for.
    package private(set) var detachedRecords = 0
    /// Completions since the last ``takeCommits()``.
    package private(set) var completions = 0

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Records that were read and have not ended.
    package var inFlight: Int { self.partitions.values.reduce(self.orphans.count) { $0 + $1.inFlight.count } }

    // MARK: - Ownership

    /// Partitions came to this member.
    package mutating func assign(_ assigned: some Sequence<TopicPartition>) {
        for partition in assigned {
            self.generation += 1
            if let old = self.partitions[partition] { self.orphan(old, partition) }
            self.partitions[partition] = Partition(generation: self.generation, topic: self.topic(partition.topic))
        }
    }

    /// Partitions are about to go: nothing new of them is taken.
    package mutating func beginRevoke(_ revoked: some Sequence<TopicPartition>) {
        for partition in revoked { self.partitions[partition]?.isRevoking = true }
    }

    /// Partitions have gone. What is in flight goes on, and no longer counts for commits.
    package mutating func remove(_ revoked: some Sequence<TopicPartition>) {
        for partition in revoked {
            if let old = self.partitions.removeValue(forKey: partition) { self.orphan(old, partition) }
        }
    }

    /// How many records of these partitions are in flight.
    package func inFlight(in partitions: some Sequence<TopicPartition>) -> Int {
        partitions.reduce(0) { $0 + (self.partitions[$1]?.inFlight.count ?? 0) }
    }

    private mutating func topic(_ name: String) -> Int {
        if let index = self.topicIndices[name] { return index }
        self.topics.append(Topic())
        self.topicIndices[name] = self.topics.count - 1
        return self.topics.count - 1
    }

    private mutating func orphan(_ partition: Partition, _ name: TopicPartition) {
        self.topics[partition.topic].octets -= partition.octets
        for (offset, record) in partition.inFlight {
            if record.isDetached { self.detachedRecords -= 1 }
            self.orphans[Ticket(position: RecordPosition(topicPartition: name, offset: offset), generation: partition.generation)] = record.octets
        }
    }

    // MARK: - Records

    /// A record was read.
    ///
    /// - Returns: nil when it is not to be handled: its partition is going, was never assigned or is blocked, or the record was read before.
    package mutating func receive(_ position: RecordPosition, octets: Int, now: UnixMilliseconds) -> Ticket? {
        let name = position.topicPartition
        // No copy of the partition may live while it is changed: its tracker and table would be copied with every record.
        guard let (generation, topic) = self.partitions[name]?.receive(position.offset, octets: octets, now: now) else { return nil }
        self.octets += octets
        self.topics[topic].octets += octets
        return Ticket(position: position, generation: generation)
    }

    /// A record needs more memory than was counted.
    package mutating func grow(_ ticket: Ticket, by octets: Int) {
        self.octets += octets
        if self.owns(ticket) {
            self.count(octets, ticket.position.topicPartition)
            self.partitions[ticket.position.topicPartition]?.octets += octets
            self.partitions[ticket.position.topicPartition]?.inFlight[ticket.position.offset]?.octets += octets
        } else {
            self.orphans[ticket]? += octets
        }
    }

    /// Takes a message into its hands.
    ///
    /// - Returns: false when another copy of it is there already.
    package mutating func begin(_ message: String) -> Bool {
        self.active.insert(message).inserted
    }

    /// Lets go of a message.
    package mutating func finish(_ message: String) {
        self.active.remove(message)
    }

    /// The outcome of a record is known and is about to be written.
    ///
    /// - Returns: whether its records are to be written, or a guard copy speaks for it.
    package mutating func beginClosing(_ ticket: Ticket) -> Closing {
        guard self.owns(ticket) else { return .proceed }
        switch self.partitions[ticket.position.topicPartition]?.inFlight[ticket.position.offset]?.stage {
        case .open, .closing, nil:
            self.partitions[ticket.position.topicPartition]?.inFlight[ticket.position.offset]?.stage = .closing
            return .proceed
        case .detaching: return .wait
        case .detached: return .leaveToGuard
        }
    }

    /// The answer of ``beginClosing(_:)``.
    package enum Closing: Hashable, Sendable {
        /// Write the records.
        case proceed
        /// A guard copy is on its way: ask again when that is decided.
        case wait
        /// The guard copy speaks for it.
        case leaveToGuard
    }

    /// A record is done: everything that follows from it is durable.
    package mutating func complete(_ ticket: Ticket) {
        guard self.owns(ticket) else { return }
        let name = ticket.position.topicPartition
        self.partitions[name]?.tracker.complete(ticket.position.offset)
        self.completions += 1
        if let offset = self.partitions[name]?.tracker.takeCommit() {
            self.partitions[name]?.commit = offset
        }
    }

    /// A record's memory is free.
    package mutating func end(_ ticket: Ticket) {
        if self.owns(ticket), let record = self.partitions[ticket.position.topicPartition]?.inFlight.removeValue(forKey: ticket.position.offset) {
            self.partitions[ticket.position.topicPartition]?.octets -= record.octets
            self.count(-record.octets, ticket.position.topicPartition)
            self.octets -= record.octets
            if record.isDetached { self.detachedRecords -= 1 }
        } else if let octets = self.orphans.removeValue(forKey: ticket) {
            self.octets -= octets
        }
    }

    private mutating func count(_ octets: Int, _ partition: TopicPartition) {
        if let topic = self.partitions[partition]?.topic { self.topics[topic].octets += octets }
    }

    private func owns(_ ticket: Ticket) -> Bool {
        self.partitions[ticket.position.topicPartition]?.generation == ticket.generation
    }

    // MARK: - Detaching

    /// The records that keep their partition from committing: those that are older than the patience. Where what cannot be committed is
    /// nearly as much as may be, the patience is short with those of its older half: with them gone, that half can go. The younger ones have
    /// nothing behind them that is worth a guard copy.
    package mutating func detaching(now: UnixMilliseconds) -> [Ticket] {
        var tickets: [Ticket] = []
        for (name, partition) in self.partitions where !partition.isBlocked {
            let isNearlyFull = partition.tracker.pending * 4 >= self.limits.pendingPerPartition * 3
            let middle = isNearlyFull ? partition.tracker.middle ?? .min : .min
            for (offset, record) in partition.inFlight {
                let patience = offset <= middle ? min(self.limits.shortPatience, self.limits.patience) : self.limits.patience
                guard case .open = record.stage, now - record.since >= patience else { continue }
                self.partitions[name]?.inFlight[offset]?.stage = .detaching
                tickets.append(Ticket(position: RecordPosition(topicPartition: name, offset: offset), generation: partition.generation))
            }
        }
        return tickets
    }

    /// A guard copy is acknowledged, or there is none.
    package mutating func detached(_ ticket: Ticket, isGuarded: Bool) {
        guard self.owns(ticket) else { return }
        let name = ticket.position.topicPartition
        guard case .detaching? = self.partitions[name]?.inFlight[ticket.position.offset]?.stage else { return }
        self.partitions[name]?.inFlight[ticket.position.offset]?.stage = isGuarded ? .detached : .open
        guard isGuarded else { return }
        self.detachedRecords += 1
        self.complete(ticket)
    }

    // MARK: - Flow

    /// Stops a partition for good: it holds a record that this worker does not understand.
    package mutating func block(_ ticket: Ticket) {
        guard self.owns(ticket) else { return }
        self.partitions[ticket.position.topicPartition]?.isBlocked = true
    }

    /// Partitions that are blocked.
    package var blocked: Int { self.partitions.values.count { $0.isBlocked } }

    /// What has to be paused and resumed now; the answer counts as done.
    package mutating func flow() -> (pause: [TopicPartition], resume: [TopicPartition]) {
        if self.isOverBudget {
            if self.octets * 2 <= self.limits.octets { self.isOverBudget = false }
        } else if self.octets >= self.limits.octets {
            self.isOverBudget = true
        }
        for index in self.topics.indices { self.topics[index].isOverShare = self.isOverShare(self.topics[index]) }
        var pause: [TopicPartition] = []
        var resume: [TopicPartition] = []
        for (name, partition) in self.partitions {
            let isFull = partition.isFull ? !self.isHalfEmpty(partition) : self.isAtBound(partition)
            let shouldPause = isFull || self.isOverBudget || self.topics[partition.topic].isOverShare || partition.isBlocked || partition.isRevoking
            self.partitions[name]?.isFull = isFull
            self.partitions[name]?.isPaused = shouldPause
            guard shouldPause != partition.isPaused else { continue }
            if shouldPause { pause.append(name) } else { resume.append(name) }
        }
        return (pause, resume)
    }

    /// A topic has a new consumer, which has paused nothing.
    package mutating func begin(topic: String) {
        for name in self.partitions.keys where name.topic == topic { self.partitions[name]?.isPaused = false }
    }

    /// Whether ``flow()`` has something to say, as far as one partition and the budget go; cheap.
    package func mayFlow(_ partition: TopicPartition) -> Bool {
        if self.isOverBudget { return self.octets * 2 <= self.limits.octets }
        if self.octets >= self.limits.octets { return true }
        guard let state = self.partitions[partition] else { return false }
        if self.topics[state.topic].isOverShare != self.isOverShare(self.topics[state.topic]) { return true }
        if state.isFull { return self.isHalfEmpty(state) }
        return self.isAtBound(state) || state.isBlocked != state.isPaused
    }

    /// Whether a topic holds as much as is still free for all others: one whose destinations are slow leaves another, with a little, its
    /// room. A topic alone may have everything.
    private func isOverShare(_ topic: Topic) -> Bool {
        guard self.topics.count > 1 else { return false }
        let free = max(self.limits.octets - self.octets, 0)
        return topic.octets > 0 && (topic.isOverShare ? topic.octets * 2 > free : topic.octets >= free)
    }

    /// Whether a partition's records, and all of them, take at most a quarter of what they may.
    package func hasRoom(_ partition: TopicPartition) -> Bool {
        guard self.octets * 4 <= self.limits.octets, let partition = self.partitions[partition] else { return false }
        return partition.inFlight.count * 4 <= self.limits.inFlightPerPartition && partition.octets * 4 <= self.limits.octetsPerPartition
    }

    private func isAtBound(_ partition: Partition) -> Bool {
        partition.inFlight.count >= self.limits.inFlightPerPartition || partition.tracker.pending >= self.limits.pendingPerPartition
            || partition.octets >= self.limits.octetsPerPartition
    }

    private func isHalfEmpty(_ partition: Partition) -> Bool {
        partition.inFlight.count * 2 <= self.limits.inFlightPerPartition && partition.tracker.pending * 2 <= self.limits.pendingPerPartition
            && partition.octets * 2 <= self.limits.octetsPerPartition
    }

    // MARK: - Commits

    /// The offsets to commit now.
    package mutating func takeCommits(of wanted: Set<TopicPartition>? = nil) -> [TopicPartition: Int64] {
        var commits: [TopicPartition: Int64] = [:]
        for (name, partition) in self.partitions where wanted?.contains(name) ?? true {
            guard let offset = partition.commit else { continue }
            commits[name] = offset
            self.partitions[name]?.commit = nil
        }
        if wanted == nil { self.completions = 0 }
        return commits
    }

    /// Offsets that could not be committed: they come again, unless the partition has gone or is further by now.
    package mutating func restore(_ commits: [TopicPartition: Int64]) {
        for (name, offset) in commits where self.partitions[name] != nil {
            let newer = self.partitions[name]?.commit ?? offset
            self.partitions[name]?.commit = max(newer, offset)
        }
    }
}
