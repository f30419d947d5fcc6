import Dispatch
import Synchronization

/// Says that a thread of ours has ended; any number of tasks may wait.
final class ThreadEnd: Sendable {
    private struct State {
        var isEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func signal() {
        let waiting = self.state.withLock { state in
            state.isEnded = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isEnded = self.state.withLock { state in
                if !state.isEnded { state.waiting.append(continuation) }
                return state.isEnded
            }
            if isEnded { continuation.resume() }
        }
    }
}

/// Wakes the upkeep thread.
final class MaintenanceSignal: Sendable {
    private struct State {
        var isWanted = false
        var isClosed = false
        var passes: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Asks for a pass soon.
    func signal() {
        let mustWake = self.state.withLock { state in
            defer { state.isWanted = true }
            return !state.isWanted
        }
        if mustWake { self.wake.signal() }
    }

    /// Asks for a pass and waits until it is over.
    func pass() async {
        await withCheckedContinuation { continuation in
            let isClosed = self.state.withLock { state in
                if !state.isClosed { state.passes.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume() } else { self.signal() }
        }
    }

    /// Waits for a wish or for time to pass.
    ///
    /// - Returns: nil when closed; else those who wait for the pass.
    func wait(for interval: Duration) -> [CheckedContinuation<Void, Never>]? {
        let (seconds, attoseconds) = interval.components
        let nanoseconds = Int(clamping: seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        _ = self.wake.wait(timeout: .now() + .nanoseconds(nanoseconds))
        return self.state.withLock { state in
            state.isWanted = false
            defer { state.passes = [] }
            if state.isClosed { return nil }
            return state.passes
        }
    }

    var isClosed: Bool { self.state.withLock { $0.isClosed } }

    func close() {
        let passes = self.state.withLock { state in
            state.isClosed = true
            defer { state.passes = [] }
            return state.passes
        }
        for pass in passes { pass.resume() }
        self.wake.signal()
    }
}
