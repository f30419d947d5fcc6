import MailSink
import Synchronization

/// A clock that goes on when it is told to.
final class ManualClock: Sendable {
    private let nanoseconds = Atomic<UInt64>(1_000_000_000)

    var clock: MailSinkClock { MailSinkClock { self.nanoseconds.load(ordering: .relaxed) } }

    func advance(_ duration: Duration) {
        nanoseconds.wrappingAdd(UInt64(duration / .nanoseconds(1)), ordering: .relaxed)
    }
}
