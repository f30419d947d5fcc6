internal import DequeModule

/// The connections of a client and the requests on them: who waits, who is written where, who is answered. Pure: it has no socket and
/// no clock; times are nanoseconds of whoever calls.
///
/// A connection's answers come in the order of its requests. A request that is given up (its time is over, or nobody waits any more)
/// leaves a gap in that order, which its late answer fills.
struct RedisPool<Request> {
    struct Limits: Sendable {
        var connections: Int
        var stall: Int64
        var backoff: Int64
        var maximumBackoff: Int64
    }

    /// What became of a new request.
    enum Submission: Equatable {
        /// To be written on this connection.
        case write(slot: Int)
        /// It waits for a connection; these are to be made.
        case wait(connect: [Int])
        /// The pool takes no more.
        case refused
    }

    /// A request, and whether it had been written.
    struct Abandoned {
        var request: Request
        var wasWritten: Bool
    }

    struct Overdue {
        var requests: [Abandoned] = []
        /// Connections that give no answers: to be closed.
        var stalled: [Int] = []
    }

    struct Disconnection {
        /// Requests without an answer.
        var requests: [Request] = []
        /// The pause before connecting again; nil when that is not wanted.
        var retryAfter: Int64?
    }

    private struct Entry {
        let id: UInt64
        /// nil once it is given up.
        var request: Request?
        let deadline: Int64
        var writtenAt: Int64 = 0
    }

    private enum Phase {
        case idle
        case connecting
        case up
        case pausing
    }

    private struct Slot {
        var phase = Phase.idle
        var requests: Deque<Entry> = []
        var failures = 0
        var lastAnswer: Int64 = .min
    }

    private let limits: Limits
    private var slots: [Slot]
    private var waiting: Deque<Entry> = []
    private var isClosed = false
    /// The next time at which ``overdue(now:)`` has something to do, or earlier; nil when nothing is under way.
    private(set) var nextCheck: Int64?

    init(_ limits: Limits) {
        self.limits = limits
        self.slots = Array(repeating: Slot(), count: limits.connections)
    }

    /// How many connections take requests.
    var connectionsUp: Int { self.slots.count { $0.phase == .up } }
    /// Whether no request is under way.
    var isEmpty: Bool { self.waiting.isEmpty && self.slots.allSatisfy { $0.requests.allSatisfy { $0.request == nil } } }

    /// Takes a new request.
    mutating func submit(_ request: Request, id: UInt64, deadline: Int64, now: Int64) -> Submission {
        guard !self.isClosed else { return .refused }
        var entry = Entry(id: id, request: request, deadline: deadline)
        self.check(at: deadline)
        if let slot = self.best {
            entry.writtenAt = now
            self.slots[slot].requests.append(entry)
            return .write(slot: slot)
        }
        self.waiting.append(entry)
        let idle = self.slots.indices.filter { self.slots[$0].phase == .idle }
        for slot in idle { self.slots[slot].phase = .connecting }
        return .wait(connect: idle)
    }

    /// A connection is ready.
    ///
    /// - Returns: the requests to be written on it.
    mutating func connected(_ slot: Int, now: Int64) -> [Request] {
        self.slots[slot].phase = .up
        self.slots[slot].failures = 0
        self.slots[slot].lastAnswer = now
        var requests: [Request] = []
        while var entry = self.waiting.popFirst() {
            guard let request = entry.request else { continue }
            requests.append(request)
            entry.writtenAt = now
            self.slots[slot].requests.append(entry)
        }
        return requests
    }

    /// A connection has ended, or did not come up.
    ///
    /// - Parameter spread: 0 to 1, chosen at random: how much of half the pause is left out, so that not all clients come at once.
    mutating func disconnected(_ slot: Int, spread: Double) -> Disconnection {
        var disconnection = Disconnection()
        disconnection.requests = self.slots[slot].requests.compactMap(\.request)
        self.slots[slot].requests = []
        guard !self.isClosed else {
            self.slots[slot].phase = .idle
            return disconnection
        }
        self.slots[slot].phase = .pausing
        let doublings = min(self.slots[slot].failures, 20)
        self.slots[slot].failures += 1
        let pause = min(self.limits.backoff << Int64(doublings), self.limits.maximumBackoff)
        disconnection.retryAfter = pause - Int64(Double(pause) / 2 * min(max(spread, 0), 1))
        return disconnection
    }

    /// The pause of a connection is over.
    ///
    /// - Returns: whether it is to be made.
    mutating func retry(_ slot: Int) -> Bool {
        guard !self.isClosed, self.slots[slot].phase == .pausing else { return false }
        self.slots[slot].phase = .connecting
        return true
    }

    /// An answer has come.
    ///
    /// - Returns: whose it is, nil inside for one that was given up; nil when nothing was asked.
    mutating func answered(_ slot: Int, now: Int64) -> Request?? {
        guard let entry = self.slots[slot].requests.popFirst() else { return nil }
        self.slots[slot].lastAnswer = now
        return .some(entry.request)
    }

    /// Writes a request again on the connection whose answer asks for it.
    mutating func resubmit(_ request: Request, id: UInt64, deadline: Int64, on slot: Int, now: Int64) {
        self.check(at: deadline)
        self.slots[slot].requests.append(Entry(id: id, request: request, deadline: deadline, writtenAt: now))
    }

    /// Gives up what is over its time, and finds connections that are stuck.
    mutating func overdue(now: Int64) -> Overdue {
        var overdue = Overdue()
        self.nextCheck = nil
        self.waiting.removeAll { entry in
            guard entry.deadline <= now, let request = entry.request else { return entry.request == nil }
            overdue.requests.append(Abandoned(request: request, wasWritten: false))
            return true
        }
        for entry in self.waiting { self.check(at: entry.deadline) }
        for slot in self.slots.indices {
            for index in self.slots[slot].requests.indices {
                guard let request = self.slots[slot].requests[index].request else { continue }
                let deadline = self.slots[slot].requests[index].deadline
                if deadline <= now {
                    overdue.requests.append(Abandoned(request: request, wasWritten: true))
                    self.slots[slot].requests[index].request = nil
                } else {
                    self.check(at: deadline)
                }
            }
            guard let oldest = self.slots[slot].requests.first, self.slots[slot].phase == .up else { continue }
            let stalledAt = max(oldest.writtenAt, self.slots[slot].lastAnswer) + self.limits.stall
            if stalledAt <= now { overdue.stalled.append(slot) } else { self.check(at: stalledAt) }
        }
        return overdue
    }

    /// Nobody waits for a request any more.
    ///
    /// - Returns: the request; nil when it is not under way.
    mutating func cancel(_ id: UInt64) -> Abandoned? {
        if let index = self.waiting.firstIndex(where: { $0.id == id }) {
            return self.waiting.remove(at: index).request.map { Abandoned(request: $0, wasWritten: false) }
        }
        for slot in self.slots.indices {
            if let index = self.slots[slot].requests.firstIndex(where: { $0.id == id && $0.request != nil }) {
                let request = self.slots[slot].requests[index].request
                self.slots[slot].requests[index].request = nil
                return request.map { Abandoned(request: $0, wasWritten: true) }
            }
        }
        return nil
    }

    /// Takes no more requests and makes no more connections.
    ///
    /// - Returns: the requests that still waited for one.
    mutating func close() -> [Request] {
        self.isClosed = true
        defer { self.waiting = [] }
        return self.waiting.compactMap(\.request)
    }

    /// The connection with the fewest requests.
    private var best: Int? {
        var best: Int?
        for slot in self.slots.indices where self.slots[slot].phase == .up {
            if best.map({ self.slots[slot].requests.count < self.slots[$0].requests.count }) ?? true { best = slot }
        }
        return best
    }

    private mutating func check(at time: Int64) {
        self.nextCheck = min(self.nextCheck ?? .max, time)
    }
}
