internal import Glibc

/// The time of day without Foundation.
enum TimeOfDay {
    static let unixSeconds: @Sendable () -> Int64 = { Int64(time(nil)) }
}
