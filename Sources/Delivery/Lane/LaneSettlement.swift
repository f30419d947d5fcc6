internal import NIOCore
internal import Synchronization

/// What a session's next message waits for before its final dot leaves: that the outcome of the one before is in its marker.
///
/// Without it a killed worker could leave two messages of one session in doubt: one that the far side has taken and whose outcome is on
/// its way to the marker, and the next one, whose dot has just left. With it there is one at most.
package final class LaneSettlement: Sendable {
    private let promise: EventLoopPromise<Void>
    private let isSettled = Atomic(false)

    init(_ promise: EventLoopPromise<Void>) {
        self.promise = promise
    }

    deinit {
        // Its receiver has given up noting the outcome: it has nothing more to wait for.
        self.settle()
    }

    /// The outcome is noted. Idempotent; may be called anywhere.
    package func settle() {
        guard !self.isSettled.exchange(true, ordering: .relaxed) else { return }
        self.promise.succeed()
    }
}
