internal import DequeModule

/// Which call gets which connection, as pure state: who waits, what is open, when to try again.
///
/// While no connection is to be had at all, calls fail at once with the reason instead of waiting for it to happen to them.
package struct PoolMachine {
    package struct Limits: Sendable {
        package var maximumConnections: Int
        package var maximumWaiting: Int
        package var maximumWaitingBytes: Int
        package var acquireTimeout: Duration
        package var idleTimeout: Duration
        package var backoff: ReconnectBackoff

        package init(
            maximumConnections: Int, maximumWaiting: Int, maximumWaitingBytes: Int, acquireTimeout: Duration, idleTimeout: Duration,
            backoff: ReconnectBackoff
        ) {
            self.maximumConnections = maximumConnections
            self.maximumWaiting = maximumWaiting
            self.maximumWaitingBytes = maximumWaitingBytes
            self.acquireTimeout = acquireTimeout
            self.idleTimeout = idleTimeout
            self.backoff = backoff
        }
    }

    package enum Action: Sendable {
        /// Make a connection under this number.
        case connect(Int)
        /// The call has the connection until it is released.
        case grant(link: Int, call: Int)
        case fail(call: Int, PostgresError)
        case close(link: Int)
    }

    private enum LinkState: Equatable {
        case connecting
        case idle(since: ContinuousClock.Instant)
        case leased
    }

    private struct Waiter {
        let call: Int
        let bytes: Int
        let deadline: ContinuousClock.Instant
    }

    private let limits: Limits
    private var links: [Int: LinkState] = [:]
    /// The idle ones, the one used last at the end.
    private var idle: [Int] = []
    private var waiting: Deque<Waiter> = []
    private var waitingBytes = 0
    private var lastNumber = 0
    private var failures = 0
    private var lastFailure: PostgresError?
    /// Before it no connection is tried.
    private var nextTry: ContinuousClock.Instant?
    private var isClosed = false

    package init(_ limits: Limits) {
        self.limits = limits
    }

    /// A number for a connection that is not the pool's.
    package mutating func nextNumber() -> Int {
        self.lastNumber += 1
        return self.lastNumber
    }

    /// When ``tick(now:)`` has something to do by itself; nil when never.
    package var nextDeadline: ContinuousClock.Instant? {
        let oldestIdle = self.idle.compactMap { number in
            if case .idle(let since) = self.links[number] { since + self.limits.idleTimeout } else { nil }
        }.min()
        let mayTry = !self.waiting.isEmpty && self.links.count < self.limits.maximumConnections && !self.links.values.contains(.connecting)
        return [self.waiting.first?.deadline, mayTry ? self.nextTry : nil, oldestIdle].compactMap { $0 }.min()
    }

    /// Whether a connection of this number is being made.
    package func isWaitingFor(_ link: Int) -> Bool { self.links[link] == .connecting }

    package var waitingCount: Int { self.waiting.count }
    /// Connections open or being made.
    package var linkCount: Int { self.links.count }

    /// A call wants a connection.
    package mutating func acquire(_ call: Int, bytes: Int, now: ContinuousClock.Instant) -> [Action] {
        guard !self.isClosed else { return [.fail(call: call, .closed)] }
        if self.waiting.isEmpty, let link = self.idle.popLast() {
            self.links[link] = .leased
            return [.grant(link: link, call: call)]
        }
        if self.links.isEmpty, let nextTry = self.nextTry, now < nextTry, let lastFailure = self.lastFailure {
            return [.fail(call: call, lastFailure)]
        }
        guard self.waiting.count < self.limits.maximumWaiting, self.waitingBytes + bytes <= self.limits.maximumWaitingBytes else {
            return [.fail(call: call, PostgresError(.overloaded, "\(self.waiting.count) calls wait for a PostgreSQL connection already"))]
        }
        self.waiting.append(Waiter(call: call, bytes: bytes, deadline: now + self.limits.acquireTimeout))
        self.waitingBytes += bytes
        return self.connectAsNeeded(now: now)
    }

    /// A call no longer waits.
    ///
    /// - Returns: whether it did.
    package mutating func withdraw(_ call: Int) -> Bool {
        guard let index = self.waiting.firstIndex(where: { $0.call == call }) else { return false }
        self.waitingBytes -= self.waiting.remove(at: index).bytes
        return true
    }

    /// A connection was made.
    package mutating func connected(_ link: Int, now: ContinuousClock.Instant) -> [Action] {
        self.failures = 0
        self.nextTry = nil
        self.lastFailure = nil
        return self.free(link, now: now)
    }

    /// A connection could not be made.
    ///
    /// - Parameter jitter: 0…1, which spreads the processes that try again.
    package mutating func connectFailed(_ link: Int, _ error: PostgresError, jitter: Double, now: ContinuousClock.Instant) -> [Action] {
        self.links[link] = nil
        self.failures += 1
        self.lastFailure = error
        self.nextTry = now + self.limits.backoff.pause(failures: self.failures, jitter: jitter)
        // Others that are open or being made may still serve those who wait.
        guard self.links.isEmpty else { return [] }
        return self.failAll(error)
    }

    /// A lease is over and the connection as good as new.
    package mutating func release(_ link: Int, now: ContinuousClock.Instant) -> [Action] {
        self.free(link, now: now)
    }

    /// A connection is gone.
    package mutating func lost(_ link: Int, now: ContinuousClock.Instant) -> [Action] {
        self.links[link] = nil
        self.idle.removeAll { $0 == link }
        return self.connectAsNeeded(now: now)
    }

    /// Time has passed.
    package mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        while let first = self.waiting.first, first.deadline <= now {
            self.waiting.removeFirst()
            self.waitingBytes -= first.bytes
            let reason = self.lastFailure.map { "; the last try to connect: \($0.message)" } ?? ""
            let error = PostgresError(.timeout, "no PostgreSQL connection became free within \(self.limits.acquireTimeout)\(reason)")
            actions.append(.fail(call: first.call, error))
        }
        for link in self.idle {
            if case .idle(let since) = self.links[link], since + self.limits.idleTimeout <= now {
                self.links[link] = nil
                actions.append(.close(link: link))
            }
        }
        self.idle.removeAll { self.links[$0] == nil }
        return actions + self.connectAsNeeded(now: now)
    }

    /// No more calls.
    package mutating func close() -> [Action] {
        self.isClosed = true
        let closing = self.idle.map { Action.close(link: $0) }
        for link in self.idle { self.links[link] = nil }
        self.idle = []
        return self.failAll(.closed) + closing
    }

    private mutating func free(_ link: Int, now: ContinuousClock.Instant) -> [Action] {
        guard !self.isClosed else {
            self.links[link] = nil
            return [.close(link: link)]
        }
        guard let next = self.waiting.popFirst() else {
            self.links[link] = .idle(since: now)
            self.idle.append(link)
            return []
        }
        self.waitingBytes -= next.bytes
        self.links[link] = .leased
        return [.grant(link: link, call: next.call)]
    }

    private mutating func failAll(_ error: PostgresError) -> [Action] {
        let failed = self.waiting.map { Action.fail(call: $0.call, error) }
        self.waiting = []
        self.waitingBytes = 0
        return failed
    }

    /// One connection on its way for each call that waits, within the limit and not before the pause after a failure is over.
    private mutating func connectAsNeeded(now: ContinuousClock.Instant) -> [Action] {
        guard !self.isClosed else { return [] }
        if let nextTry = self.nextTry {
            guard now >= nextTry else { return [] }
            // One at a time finds out whether the server is back.
            guard !self.links.values.contains(.connecting) else { return [] }
        }
        var actions: [Action] = []
        var connecting = self.links.values.count { $0 == .connecting }
        while connecting < self.waiting.count, self.links.count < self.limits.maximumConnections {
            let number = self.nextNumber()
            self.links[number] = .connecting
            actions.append(.connect(number))
            connecting += 1
            if self.nextTry != nil { break }
        }
        return actions
    }
}
