import NIOCore

/// Where a sink's windows and periods take the time from; tests give their own.
package struct MailSinkClock: Sendable {
    /// Nanoseconds of a clock that never goes back.
    package let now: @Sendable () -> UInt64

    package init(_ now: @escaping @Sendable () -> UInt64) {
        self.now = now
    }

    /// The system's monotonic clock.
    package static let system = MailSinkClock { NIODeadline.now().uptimeNanoseconds }
}
