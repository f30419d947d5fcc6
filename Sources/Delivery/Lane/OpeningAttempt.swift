internal import SMTPProtocol
internal import Synchronization

/// A session that is being opened, and someone who waits for it and may stop waiting: servers may say nothing for minutes.
final class OpeningAttempt: Sendable {
    typealias Outcome = Result<any MailSession, SMTPInterruption>

    private struct State {
        var waiter: CheckedContinuation<Outcome, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// - Returns: false, having answered, when it was cancelled before.
    func begin(_ waiter: CheckedContinuation<Outcome, Never>) -> Bool {
        let isCancelled = self.state.withLock { state in
            if !state.isCancelled { state.waiter = waiter }
            return state.isCancelled
        }
        if isCancelled { waiter.resume(returning: .failure(SMTPInterruption(stage: .connect, cause: .notConnected))) }
        return !isCancelled
    }

    /// The session is open, or will not be. Nobody wants one that comes too late.
    func end(_ result: Result<any MailSession, any Error>) {
        let waiter = self.state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        guard let waiter else {
            if case .success(let session) = result { session.close() }
            return
        }
        waiter.resume(
            returning: result.mapError { $0 as? SMTPInterruption ?? SMTPInterruption(stage: .connect, cause: .connectFailed("unknown")) })
    }

    func cancel() {
        let waiter = self.state.withLock { state in
            state.isCancelled = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: .failure(SMTPInterruption(stage: .connect, cause: .notConnected)))
    }
}
