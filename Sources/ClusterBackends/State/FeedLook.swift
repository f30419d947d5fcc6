internal import Synchronization

/// When the feed's end was last read, by whoever of a process waited for it.
final class FeedLook: Sendable {
    private let interval: Duration
    private let next: Mutex<ContinuousClock.Instant>

    /// - Parameter interval: from one look to the next.
    init(every interval: Duration) {
        self.interval = interval
        self.next = Mutex(.now + interval)
    }

    /// When somebody should look again.
    var due: ContinuousClock.Instant { self.next.withLock { $0 } }

    /// Makes a look due at once.
    func hasten() {
        self.next.withLock { $0 = .now }
    }

    /// Takes the turn to look.
    ///
    /// - Returns: false when it is not due, or another has taken it.
    func take() -> Bool {
        self.next.withLock { next in
            guard ContinuousClock.now >= next else { return false }
            next = .now + self.interval
            return true
        }
    }
}
