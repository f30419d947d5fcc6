internal import ApusCore
internal import ApusSchema
internal import Backends
internal import Synchronization

/// What the tasks of a worker share: the ledger, and who waits for what to change in it.
final class WorkerState: Sendable {
    typealias Ticket = PartitionLedger.Ticket

    private struct Drain {
        var partitions: Set<TopicPartition>
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Shared {
        var ledger: PartitionLedger
        var turns = AccountTurns()
        var sources = SourceRotation()
        var heldPools = HeldPools()
        /// What a guard copy is made of.
        var records: [Ticket: OutboundRecord] = [:]
        var closing: [Ticket: CheckedContinuation<Void, Never>] = [:]
        /// Copies of messages in hand that wait for their turn, in their order.
        var copies: [String: [(number: Int, continuation: CheckedContinuation<Bool, Never>)]] = [:]
        var nextCopy = 0
        var drains: [Int: Drain] = [:]
        var nextDrain = 0
        var commitWaiter: CheckedContinuation<Void, Never>?
        var isStopping = false
        var isAbandoned = false
    }

    /// Memory for bodies that records only refer to: half of all that may be in flight.
    let bodies: PatientBudget
    /// How many messages are in hand at once with which two, three and four workers have ended. Of each number that a worker ends with, the next
    /// have an eighth to look among.
    static let suspectsAtOnce = [64, 8, 1]

    private let suspects = WorkerState.suspectsAtOnce.map { PatientBudget(amount: $0) }

    private let shared: Mutex<Shared>
    private let commitCompletions: Int

    init(limits: PartitionLedger.Limits, commitCompletions: Int) {
        self.bodies = PatientBudget(amount: limits.octets / 2)
        self.shared = Mutex(Shared(ledger: PartitionLedger(limits: limits)))
        self.commitCompletions = commitCompletions
    }

    /// One step of the ledger.
    func ledger<Result: Sendable>(_ body: (inout PartitionLedger) -> sending Result) -> Result {
        self.shared.withLock { body(&$0.ledger) }
    }

    /// One step of the accounts' turns.
    func turns<Result: Sendable>(_ body: (inout AccountTurns) -> sending Result) -> Result {
        self.shared.withLock { body(&$0.turns) }
    }

    /// One step of the pools' rotation.
    func sources<Result: Sendable>(_ body: (inout SourceRotation) -> sending Result) -> Result {
        self.shared.withLock { body(&$0.sources) }
    }

    /// The address that the next message of a pool leaves from; nil, and remembered, when there is none.
    func nextSource(of pool: SourcePool, named name: String, now: UnixMilliseconds) -> SourceAddress? {
        self.shared.withLock { shared in
            guard let address = shared.sources.next(of: pool, now: now) else {
                shared.heldPools.hold(name, now: now)
                return nil
            }
            shared.heldPools.release(name)
            return address
        }
    }

    /// Room for messages with which so many workers have ended.
    func suspects(deaths: Int) -> PatientBudget {
        self.suspects[min(max(deaths - DeliveryClaim.suspectDeaths, 0), self.suspects.count - 1)]
    }

    /// One step of the pools whose mail is held.
    func heldPools<Result: Sendable>(_ body: (inout HeldPools) -> sending Result) -> Result {
        self.shared.withLock { body(&$0.heldPools) }
    }

    // MARK: - Copies

    /// Takes a message in hand, once no other copy of it is.
    ///
    /// - Returns: false when its turn did not come in time.
    func enter(_ identity: String, within patience: Duration, clock: any DeliveryClock) async -> Bool {
        if self.ledger({ $0.begin(identity) }) { return true }
        return await Patience.wait(patience, clock: clock) { await self.turn(identity) }
    }

    /// Waits until the message is this copy's, or the task is cancelled.
    private func turn(_ identity: String) async -> Bool {
        let number = self.shared.withLock { shared in
            defer { shared.nextCopy += 1 }
            return shared.nextCopy
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = self.shared.withLock { shared in
                    if Task.isCancelled || shared.isStopping { return false }
                    if shared.ledger.begin(identity) { return true }
                    shared.copies[identity, default: []].append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let gone = self.shared.withLock { shared -> CheckedContinuation<Bool, Never>? in
                guard let index = shared.copies[identity]?.firstIndex(where: { $0.number == number }) else { return nil }
                let gone = shared.copies[identity]?.remove(at: index).continuation
                if shared.copies[identity]?.isEmpty ?? false { shared.copies[identity] = nil }
                return gone
            }
            gone?.resume(returning: false)
        }
    }

    /// Lets go of a message, for the next copy of it if there is one.
    func exit(_ identity: String) {
        let next = self.shared.withLock { shared -> CheckedContinuation<Bool, Never>? in
            guard let next = shared.copies[identity]?.removeFirst().continuation else {
                shared.ledger.finish(identity)
                return nil
            }
            if shared.copies[identity]?.isEmpty ?? false { shared.copies[identity] = nil }
            return next
        }
        next?.resume(returning: true)
    }

    // MARK: - Stopping

    /// Nothing new is begun.
    var isStopping: Bool { self.shared.withLock { $0.isStopping } }
    /// Nothing is waited for any more.
    var isAbandoned: Bool { self.shared.withLock { $0.isAbandoned } }

    func stop() {
        let copies = self.shared.withLock { shared in
            shared.isStopping = true
            defer { shared.copies = [:] }
            return shared.copies.values.flatMap { $0.map(\.continuation) }
        }
        for copy in copies { copy.resume(returning: false) }
        self.bodies.close()
        for room in self.suspects { room.close() }
    }

    func abandon() {
        self.shared.withLock { $0.isAbandoned = true }
    }

    // MARK: - Records

    /// A record is in hand: from here on a guard copy of it can be made.
    func hold(_ record: OutboundRecord, _ ticket: Ticket) {
        self.shared.withLock { $0.records[ticket] = record }
    }

    func record(_ ticket: Ticket) -> OutboundRecord? {
        self.shared.withLock { $0.records[ticket] }
    }

    /// The oldest messages in hand. Looks at every record.
    var oldest: OldestMessages {
        self.shared.withLock { shared in
            shared.records.reduce(into: OldestMessages()) { oldest, entry in
                oldest.add(
                    .init(pool: entry.value.pool, deliveryClass: Topics.deliveryClass(of: entry.key.position.topicPartition.topic)),
                    acceptedAt: entry.value.acceptedAt)
            }
        }
    }

    /// A record's memory is free.
    func end(_ ticket: Ticket) {
        let waiters = self.shared.withLock { shared in
            shared.ledger.end(ticket)
            shared.records[ticket] = nil
            return Self.finishedDrains(&shared)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// - Returns: whether the record's flow thresholds may have been crossed.
    func complete(_ ticket: Ticket) -> Bool {
        let (waiter, mayFlow) = self.shared.withLock { shared in
            shared.ledger.complete(ticket)
            return (self.takeCommitWaiter(&shared), shared.ledger.mayFlow(ticket.position.topicPartition))
        }
        waiter?.resume()
        return mayFlow
    }

    /// Waits until it is decided who speaks for a record.
    ///
    /// - Returns: whether its records are to be written here.
    func beginClosing(_ ticket: Ticket) async -> Bool {
        while true {
            switch self.ledger({ $0.beginClosing(ticket) }) {
            case .proceed: return true
            case .leaveToGuard: return false
            case .wait:
                await withCheckedContinuation { continuation in
                    let isDecided = self.shared.withLock { shared in
                        guard shared.ledger.beginClosing(ticket) == .wait else { return true }
                        shared.closing[ticket] = continuation
                        return false
                    }
                    if isDecided { continuation.resume() }
                }
            }
        }
    }

    func detached(_ ticket: Ticket, isGuarded: Bool) {
        let (closing, commit) = self.shared.withLock { shared in
            shared.ledger.detached(ticket, isGuarded: isGuarded)
            return (shared.closing.removeValue(forKey: ticket), self.takeCommitWaiter(&shared))
        }
        closing?.resume()
        commit?.resume()
    }

    // MARK: - Waiting

    /// Waits until nothing of these partitions is in flight, or the task is cancelled.
    func drained(_ partitions: Set<TopicPartition>) async {
        let number = self.shared.withLock { shared in
            defer { shared.nextDrain += 1 }
            return shared.nextDrain
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = self.shared.withLock { shared in
                    guard shared.ledger.inFlight(in: partitions) > 0, !Task.isCancelled else { return true }
                    shared.drains[number] = Drain(partitions: partitions, continuation: continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            self.shared.withLock { $0.drains.removeValue(forKey: number) }?.continuation.resume()
        }
    }

    /// Waits until enough is completed for a commit, or the task is cancelled. One task at a time.
    func enoughCompleted() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = self.shared.withLock { shared in
                    guard shared.ledger.completions < self.commitCompletions, !Task.isCancelled else { return true }
                    shared.commitWaiter = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = self.shared.withLock { shared in
                defer { shared.commitWaiter = nil }
                return shared.commitWaiter
            }
            waiter?.resume()
        }
    }

    private func takeCommitWaiter(_ shared: inout Shared) -> CheckedContinuation<Void, Never>? {
        guard shared.ledger.completions >= self.commitCompletions else { return nil }
        defer { shared.commitWaiter = nil }
        return shared.commitWaiter
    }

    private static func finishedDrains(_ shared: inout Shared) -> [CheckedContinuation<Void, Never>] {
        guard !shared.drains.isEmpty else { return [] }
        let done = shared.drains.filter { shared.ledger.inFlight(in: $0.value.partitions) == 0 }
        for key in done.keys { shared.drains[key] = nil }
        return done.values.map(\.continuation)
    }
}
