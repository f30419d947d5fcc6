#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
package import ApusCore

/// The time that delivery goes by, so that tests can compress it.
package protocol DeliveryClock: Sendable {
    /// The wall clock.
    func now() -> UnixMilliseconds

    /// Waits.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The system's clock.
package struct SystemDeliveryClock: DeliveryClock {
    package init() {}

    package func now() -> UnixMilliseconds {
        // CLOCK_REALTIME; no library between, it is read for every message.
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixMilliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}
