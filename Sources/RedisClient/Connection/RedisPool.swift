internal import DequeModule

/// The connections of a client and the requests on them: who waits, who is written where, who is answered. Pure: it has no socket and
/// no clock; times are nanoseconds of whoever calls.
///
/// A connection's answers come in the order of its requests. A request that is given up (its time is over, or nobody waits any more)
/// keeps its place in that order, which its late answer takes.
package struct RedisPool<Request> {
    package struct Limits: Sendable {
        package var connections: Int
        package var stall: Int64
        package var backoff: Int64
        package var maximumBackoff: Int64

        package init(connections: Int, stall: Int64, backoff: Int64, maximumBackoff: Int64) {
            self.connections = connections
            self.stall = stall
            self.backoff = backoff
            self.maximumBackoff = maximumBackoff
        }
    }

    /// What became of a new request.
    package enum Submission: Equatable {
        /// To be written on this connection.
        case write(slot: Int)
        /// It waits for a connection; these are to be made.
        case wait(connect: [Int])
        /// The pool takes no more.
        case closed
        /// No connection is there, and the newest tries to make one all failed.
        case unreachable
    }

    /// A request, and whether it had been written.
    package struct Abandoned {
        package var request: Request
        package var wasWritten: Bool
    }

    /// A request whose place an answer takes, or that will get none.
    package struct Answered {
        package var request: Request
        /// Nobody waits for it any more.
        package var isGivenUp: Bool
    }

    package struct Overdue {
        package var requests: [Abandoned] = []
        /// Connections that give no answers: to be closed.
        package var stalled: [Int] = []
    }

    package struct Disconnection {
        /// Requests that were written and got no answer.
        package var requests: [Answered] = []
        /// Requests that waited, as long as a connection seemed to be coming.
        package var unreachable: [Request] = []
        /// The pause before connecting again; nil when that is not wanted.
        package var retryAfter: Int64?
    }

    private struct Entry {
        let id: UInt64
        let request: Request
        var isGivenUp = false
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
    package private(set) var nextCheck: Int64?

    package init(_ limits: Limits) {
        self.limits = limits
        self.slots = Array(repeating: Slot(), count: limits.connections)
    }

    /// How many connections take requests.
    package var connectionsUp: Int { self.slots.count { $0.phase == .up } }
    /// Whether no request is under way.
    package var isEmpty: Bool { self.waiting.isEmpty && self.slots.allSatisfy { $0.requests.allSatisfy(\.isGivenUp) } }

    /// Takes a new request.
    package mutating func submit(_ request: Request, id: UInt64, deadline: Int64, now: Int64) -> Submission {
        guard !self.isClosed else { return .closed }
        guard !self.isUnreachable else { return .unreachable }
        var entry = Entry(id: id, request: request, deadline: deadline)
        self.check(at: deadline)
        if let slot = self.best {
            entry.writtenAt = now
            if self.slots[slot].requests.isEmpty { self.check(at: self.stalls(after: now)) }
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
    package mutating func connected(_ slot: Int, now: Int64) -> [Request] {
        self.slots[slot].phase = .up
        self.slots[slot].failures = 0
        self.slots[slot].lastAnswer = now
        var requests: [Request] = []
        while var entry = self.waiting.popFirst() {
            requests.append(entry.request)
            entry.writtenAt = now
            self.slots[slot].requests.append(entry)
        }
        if !requests.isEmpty { self.check(at: self.stalls(after: now)) }
        return requests
    }

    /// A connection has ended, or did not come up.
    ///
    /// - Parameter spread: 0 to 1, chosen at random: how much of half the pause is left out, so that not all clients come at once.
    package mutating func disconnected(_ slot: Int, spread: Double) -> Disconnection {
        var disconnection = Disconnection()
        disconnection.requests = self.slots[slot].requests.map { Answered(request: $0.request, isGivenUp: $0.isGivenUp) }
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
        if self.isUnreachable {
            disconnection.unreachable = self.waiting.map(\.request)
            self.waiting = []
        }
        return disconnection
    }

    /// The pause of a connection is over.
    ///
    /// - Returns: whether it is to be made.
    package mutating func retry(_ slot: Int) -> Bool {
        guard !self.isClosed, self.slots[slot].phase == .pausing else { return false }
        self.slots[slot].phase = .connecting
        return true
    }

    /// An answer has come.
    ///
    /// - Returns: whose it is; nil when nothing was asked.
    package mutating func answered(_ slot: Int, now: Int64) -> Answered? {
        guard let entry = self.slots[slot].requests.popFirst() else { return nil }
        self.slots[slot].lastAnswer = now
        return Answered(request: entry.request, isGivenUp: entry.isGivenUp)
    }

    /// Writes a request again on the connection whose answer asks for it.
    package mutating func resubmit(_ request: Request, id: UInt64, deadline: Int64, on slot: Int, now: Int64) {
        self.check(at: deadline)
        self.slots[slot].requests.append(Entry(id: id, request: request, deadline: deadline, writtenAt: now))
    }

    /// Gives up what is over its time, and finds connections that are stuck.
    package mutating func overdue(now: Int64) -> Overdue {
        var overdue = Overdue()
        self.nextCheck = nil
        self.waiting.removeAll { entry in
            guard entry.deadline <= now else { return false }
            overdue.requests.append(Abandoned(request: entry.request, wasWritten: false))
            return true
        }
        for entry in self.waiting { self.check(at: entry.deadline) }
        for slot in self.slots.indices {
            for index in self.slots[slot].requests.indices {
                let entry = self.slots[slot].requests[index]
                guard !entry.isGivenUp else { continue }
                if entry.deadline <= now {
                    overdue.requests.append(Abandoned(request: entry.request, wasWritten: true))
                    self.slots[slot].requests[index].isGivenUp = true
                } else {
                    self.check(at: entry.deadline)
                }
            }
            guard let oldest = self.slots[slot].requests.first, self.slots[slot].phase == .up else { continue }
            let stalledAt = self.stalls(after: max(oldest.writtenAt, self.slots[slot].lastAnswer))
            if stalledAt <= now { overdue.stalled.append(slot) } else { self.check(at: stalledAt) }
        }
        return overdue
    }

    /// Nobody waits for a request any more.
    ///
    /// - Returns: the request; nil when it is not under way.
    package mutating func cancel(_ id: UInt64) -> Abandoned? {
        if let index = self.waiting.firstIndex(where: { $0.id == id }) {
            return Abandoned(request: self.waiting.remove(at: index).request, wasWritten: false)
        }
        for slot in self.slots.indices {
            if let index = self.slots[slot].requests.firstIndex(where: { $0.id == id && !$0.isGivenUp }) {
                self.slots[slot].requests[index].isGivenUp = true
                return Abandoned(request: self.slots[slot].requests[index].request, wasWritten: true)
            }
        }
        return nil
    }

    /// Takes no more requests and makes no more connections.
    ///
    /// - Returns: the requests that still waited for one.
    package mutating func close() -> [Request] {
        self.isClosed = true
        defer { self.waiting = [] }
        return self.waiting.map(\.request)
    }

    /// Whether no connection is there and each failed twice running: then requests fail at once instead of waiting for their time limits.
    /// One failure is a connection that was cut, and the next may come up in a moment.
    private var isUnreachable: Bool {
        self.slots.allSatisfy { ($0.phase == .pausing || $0.phase == .connecting) && $0.failures >= 2 }
    }

    /// The connection with the fewest requests.
    private var best: Int? {
        var best: Int?
        for slot in self.slots.indices where self.slots[slot].phase == .up {
            if best.map({ self.slots[slot].requests.count < self.slots[$0].requests.count }) ?? true { best = slot }
        }
        return best
    }

    private func stalls(after time: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(self.limits.stall)
        return overflow ? .max : sum
    }

    private mutating func check(at time: Int64) {
        self.nextCheck = min(self.nextCheck ?? .max, time)
    }
}
