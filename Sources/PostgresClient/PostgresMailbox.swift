internal import Synchronization

/// What the client's thread is told, by any thread.
final class PostgresMailbox: Sendable {
    enum Event: Sendable {
        case call(PostgresCall)
        case cancel(PostgresCall)
        /// A lease is over; `isSpoiled` when its connection should not be used again.
        case release(link: Int, isSpoiled: Bool)
        /// A connection was made, or not.
        case connected(link: Int, Result<PostgresHandle, PostgresError>)
        /// The server took note of a request to cancel, or could not be asked.
        case cancelSent(link: Int)
        case subscribe(PostgresSubscription)
        case unsubscribe(PostgresSubscription)
        case close(CheckedContinuation<Void, Never>?)
    }

    private struct State {
        var events: [Event] = []
        var hasEnded = false
    }

    let wake = WakeSignal()
    private let state = Mutex(State())

    /// Puts an event in.
    ///
    /// - Returns: false when the thread has ended and nobody will look.
    func post(_ event: Event) -> Bool {
        let (isTaken, isFirst) = self.state.withLock { state in
            guard !state.hasEnded else { return (false, false) }
            state.events.append(event)
            return (true, state.events.count == 1)
        }
        if isFirst { self.wake.raise() }
        return isTaken
    }

    /// Takes all events.
    func take() -> [Event] {
        self.state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    /// Takes the last events, after which no more are accepted.
    func end() -> [Event] {
        self.state.withLock { state in
            state.hasEnded = true
            defer { state.events = [] }
            return state.events
        }
    }
}
