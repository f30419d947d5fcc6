internal import NIOCore

/// Decides when a connection has taken too long. A byte now and then does not help a slow client: deadlines are for whole heads and
/// whole bodies.
///
/// Pure state: no clock, no channel.
struct ConnectionDeadlines {
    /// What the owner does.
    enum Action: Equatable {
        case none
        /// Replaces the deadline.
        case expire(in: TimeAmount)
        case clear
        case close
        /// Answers that the request took too long, then closes.
        case answerTimeout
    }

    private enum Reading {
        case head
        case body
    }

    private let timeouts: ConnectionTimeouts
    private var reading = Reading.head
    /// Requests whose head was read and whose answer is not written yet.
    private var outstanding = 0
    private var hasStartedAnswer = false
    private var closesAfterAnswer = false
    private var drained = 0

    init(_ timeouts: ConnectionTimeouts) {
        self.timeouts = timeouts
    }

    func opened() -> Action { .expire(in: self.timeouts.firstHead) }

    /// - Parameter contentLength: as declared; 0 where nothing is.
    mutating func readHead(contentLength: Int) -> Action {
        self.reading = .body
        self.outstanding += 1
        self.drained = 0
        return .expire(in: self.timeouts.body(contentLength: contentLength))
    }

    mutating func readBody(bytes: Int) -> Action {
        guard self.outstanding == 0 else { return .none }
        self.drained += bytes
        return self.drained > self.timeouts.maximumDrainBytes ? .close : .none
    }

    mutating func readEnd() -> Action {
        self.reading = .head
        guard self.outstanding == 0 else { return .clear }
        return self.closesAfterAnswer ? .close : .expire(in: self.timeouts.idle)
    }

    /// - Parameter closes: whether the answer says `Connection: close`.
    mutating func wroteHead(closes: Bool) {
        self.hasStartedAnswer = true
        self.closesAfterAnswer = self.closesAfterAnswer || closes
    }

    mutating func wroteEnd() -> Action {
        self.hasStartedAnswer = false
        self.outstanding = max(0, self.outstanding - 1)
        switch self.reading {
        case .body:
            // Closing now would reset the connection under a client that still sends, and it would never see the answer.
            return self.outstanding == 0 ? .expire(in: self.timeouts.drain) : .none
        case .head:
            if self.closesAfterAnswer { return .close }
            return self.outstanding == 0 ? .expire(in: self.timeouts.idle) : .none
        }
    }

    mutating func expired() -> Action {
        self.reading == .body && self.outstanding == 1 && !self.hasStartedAnswer ? .answerTimeout : .close
    }
}
